import { paginateListObjectsV2, type S3Client } from "@aws-sdk/client-s3";

/** Every key below a prefix, sorted. A question that tests can ask often: it costs no process, and in a cluster no pod. */
export const storedKeys = async (client: S3Client, Bucket: string, Prefix = ""): Promise<readonly string[]> => {
  const keys: string[] = [];
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, Prefix }))
    keys.push(...Contents.map(({ Key = "" }) => Key));
  return keys.sort();
};

/** Ids of the points that a plan has published, oldest first; `plan` is its folder in the bucket. */
export const publishedPoints = async (client: S3Client, bucket: string, plan: string): Promise<readonly string[]> => {
  const folder = `${plan}/catalog/`;
  const keys = await storedKeys(client, bucket, folder);
  return keys.map((key) => key.slice(folder.length, -".json".length));
};
