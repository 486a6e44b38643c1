import { JobError, type S3Repository } from "../../spec/index.ts";
import type { S3Bucket } from "./s3-bucket.ts";
import type { Place, PlaceKeys } from "./store.ts";

/**
 * A bucket below a prefix for a program that is not ours, with keys that the client has looked up, so that the ordinary
 * credential chain is asked in one way only.
 * @throws JobError `bad-credentials` where the chain finds none
 */
export const s3Place = async (
  { client, bucket, prefix, name }: S3Bucket,
  location: S3Repository,
  below: string,
): Promise<Place> => ({
  kind: "s3",
  url: s3Url(location, bucket, `${prefix}${below}`),
  region: location.region,
  pathStyle: location.pathStyle,
  ca: location.ca,
  insecure: location.insecure,
  keys: await client.config.credentials().then(
    ({ accessKeyId, secretAccessKey, sessionToken }): PlaceKeys => ({ accessKeyId, secretAccessKey, sessionToken }),
    (cause: unknown) => {
      const fact = `no credentials for ${name} were found`;
      throw new JobError("bad-credentials", fact, "give the repository credentials, or set AWS's own", { cause });
    },
  ),
});

/** Endpoint, bucket and prefix as one URL, without a slash at its end. */
export const s3Url = ({ endpoint, region }: S3Repository, bucket: string, prefix: string): string =>
  `${endpoint?.replace(/\/+$/, "") ?? awsEndpoint(region)}/${bucket}/${prefix}`.replace(/\/+$/, "");

const awsEndpoint = (region: string): string =>
  `https://s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
