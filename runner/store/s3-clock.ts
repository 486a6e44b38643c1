import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { JobError } from "../../spec/index.ts";
import { ask, type S3Bucket } from "./s3-bucket.ts";

interface RawAnswer {
  readonly headers?: Readonly<Record<string, string>>;
}

/** The store's clock, by the Date header of a listing of at most one key. A second is its grain. */
export const storeClock = async (bucket: S3Bucket): Promise<Date> => {
  let header: string | undefined;
  const command = new ListObjectsV2Command({ Bucket: bucket.bucket, Prefix: bucket.prefix, MaxKeys: 1 });
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      header = (result.response as RawAnswer).headers?.date;
      return result;
    },
    { step: "deserialize", priority: "low", name: "readDateHeader" },
  );
  await ask(bucket, "asking for the time", bucket.client.send(command));
  const time = new Date(header ?? "");
  if (!Number.isNaN(time.getTime())) return time;
  throw new JobError(
    "store-lacks",
    `${bucket.name} does not say what time it is`,
    "use a store that sends a Date header",
  );
};
