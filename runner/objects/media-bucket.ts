import type { ObjectsSource, S3Credentials } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import type { S3Bucket } from "../store/s3-bucket.ts";
import { s3Client } from "../store/s3-client.ts";

/** What is needed to reach a bucket of media. */
export type MediaPlace = Pick<
  ObjectsSource,
  "bucket" | "prefix" | "endpoint" | "region" | "pathStyle" | "ca" | "insecure"
>;

/** For people and journals: `s3://bucket/prefix`. */
export const mediaName = ({ bucket, prefix }: Pick<MediaPlace, "bucket" | "prefix">): string =>
  `s3://${bucket}/${prefix}`.replace(/\/$/, "");

/**
 * The bucket of a source, its keys relative to the prefix.
 * @throws JobError `missing-secret`, `bad-config`
 */
export const mediaBucket = (
  context: Context,
  place: MediaPlace,
  credentials: S3Credentials | undefined,
  prefix = place.prefix,
): S3Bucket => ({
  client: s3Client(context, { ...place, credentials }),
  bucket: place.bucket,
  prefix: prefix === "" ? "" : `${prefix}/`,
  name: mediaName({ bucket: place.bucket, prefix }),
  endpoint: place.endpoint ?? `S3 in ${place.region}`,
  signal: context.signal,
});

/** Who may write there: at a restore only. */
export const writerOf = ({ admin, credentials }: ObjectsSource): S3Credentials | undefined => admin ?? credentials;
