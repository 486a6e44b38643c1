import { JobError, type ObjectsSource } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { rulesOf } from "../store/bucket-setup.ts";
import type { S3Bucket } from "../store/s3-bucket.ts";
import { versioned } from "../store/s3-store.ts";
import { listMedia } from "./list-media.ts";
import { mediaBucket, mediaName } from "./media-bucket.ts";

/**
 * Looks at a bucket before a backup; touches nothing.
 * @returns what whoever runs it should know
 * @throws JobError `store-lacks` when its versions are to be named and it keeps none; what the store says
 */
export const inspectMedia = async (context: Context, source: ObjectsSource): Promise<readonly string[]> => {
  const media = mediaBucket(context, source, source.credentials);
  if (source.store.kind === "copy") {
    await listMedia(media, context.signal).next();
    return [];
  }
  if (!(await versioned(media))) {
    throw new JobError(
      "store-lacks",
      `source '${source.name}' is to be kept as versions, but the bucket ${source.bucket} is not versioned`,
      "switch versioning on, or say `store: { copy: {} }`; nothing was stored",
    );
  }
  return lifecycleWarnings(media, source);
};

/** A rule that expires noncurrent versions destroys what points name. */
export const lifecycleWarnings = async (media: S3Bucket, source: ObjectsSource): Promise<readonly string[]> => {
  const rules = (await rulesOf(media)).filter(
    ({ Status, NoncurrentVersionExpiration }) => Status === "Enabled" && NoncurrentVersionExpiration !== undefined,
  );
  return rules.map(
    ({ ID = "without a name", NoncurrentVersionExpiration }) =>
      `the lifecycle rule '${ID}' of ${mediaName(source)} removes noncurrent versions after ${NoncurrentVersionExpiration?.NoncurrentDays ?? "some"} days: what a point older than that names is gone then; remove the rule, or say \`store: { copy: {} }\``,
  );
};
