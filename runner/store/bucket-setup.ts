import { isDeepStrictEqual } from "node:util";
import {
  CreateBucketCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketVersioningCommand,
  type LifecycleRule,
  ListObjectsV2Command,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
} from "@aws-sdk/client-s3";
import { type BucketJob, JobError, OUR_RULES } from "../../spec/index.ts";
import { expiresTagged, lifecycleRules, withOurRules } from "./lifecycle-rules.ts";
import { ask, askOptional, type S3Bucket } from "./s3-bucket.ts";
import { s3Code } from "./s3-error.ts";
import { hasLock, lockConfiguration } from "./s3-lock.ts";

/**
 * Makes the bucket, or finds it.
 * @returns whether it was made now
 * @throws JobError `missing-bucket` when one to adopt is not there; `bad-config` when the name is somebody else's
 */
export const ensureBucket = async (bucket: S3Bucket, { mode, lock, region, endpoint }: BucketJob): Promise<boolean> => {
  const at = { Bucket: bucket.bucket };
  if (await exists(bucket)) return false;
  if (mode === "adopt") {
    throw new JobError("missing-bucket", `${bucket.name} does not exist`, "create it, or declare it with `create`");
  }
  const command = new CreateBucketCommand({
    ...at,
    ...(lock ? { ObjectLockEnabledForBucket: true } : {}),
    // AWS wants it everywhere but in its first region; other stores have names of their own for places.
    ...(endpoint === undefined && region !== "us-east-1"
      ? { CreateBucketConfiguration: { LocationConstraint: region as "eu-north-1" } }
      : {}),
  });
  const made = bucket.client.send(command).then(
    () => true,
    (error: unknown) => {
      if (s3Code(error) === "BucketAlreadyOwnedByYou") return false; // another run of this job was faster
      throw error;
    },
  );
  return ask(bucket, "creating the bucket", made);
};

/** By a listing, not by HeadBucket: a HEAD has no body, so wrong keys would look like somebody else's bucket. */
const exists = async (bucket: S3Bucket): Promise<boolean> => {
  const listing = bucket.client.send(new ListObjectsV2Command({ Bucket: bucket.bucket, MaxKeys: 1 })).then(
    () => true,
    (error: unknown) => {
      if (s3Code(error) === "NoSuchBucket") return false;
      if (s3Code(error) === "AccessDenied") throw notOurs(bucket);
      throw error;
    },
  );
  return ask(bucket, "looking for the bucket", listing);
};

const notOurs = ({ name }: S3Bucket): JobError =>
  new JobError(
    "too-few-rights",
    `${name} exists and is somebody else's, or these credentials may not see it`,
    "choose another name, or give the credentials of its owner",
  );

/** Switches versioning on; false where the store has none. */
export const ensureVersioning = async (bucket: S3Bucket): Promise<boolean> => {
  const at = { Bucket: bucket.bucket };
  const current = await askOptional(
    bucket,
    "asking for the versioning",
    bucket.client.send(new GetBucketVersioningCommand(at)),
  );
  if (current?.Status === "Enabled") return true;
  const command = new PutBucketVersioningCommand({ ...at, VersioningConfiguration: { Status: "Enabled" } });
  return (await askOptional(bucket, "switching versioning on", bucket.client.send(command))) !== undefined;
};

/**
 * Sets the default retention.
 * @throws JobError `store-lacks` for a bucket that was made without Object Lock
 */
export const ensureLock = async (bucket: S3Bucket, { mode, days }: NonNullable<BucketJob["lock"]>): Promise<void> => {
  const at = { Bucket: bucket.bucket };
  if (!(await hasLock(bucket))) {
    throw new JobError(
      "store-lacks",
      `${bucket.name} has no Object Lock`,
      "a bucket gets it when it is created: declare a new bucket, or leave `lock` out",
    );
  }
  const wanted = { Mode: mode === "governance" ? "GOVERNANCE" : "COMPLIANCE", Days: days } as const;
  const found = (await lockConfiguration(bucket))?.Rule?.DefaultRetention;
  if (found?.Mode === wanted.Mode && found.Days === wanted.Days) return;
  const ObjectLockConfiguration = { ObjectLockEnabled: "Enabled", Rule: { DefaultRetention: wanted } } as const;
  const command = new PutObjectLockConfigurationCommand({ ...at, ObjectLockConfiguration });
  await ask(bucket, "setting the default retention", bucket.client.send(command));
};

/** Puts our lifecycle rules beside everybody else's; false where the store does not keep them. */
export const ensureLifecycle = async (bucket: S3Bucket, job: BucketJob): Promise<boolean> => {
  const at = { Bucket: bucket.bucket };
  const ours = lifecycleRules(job);
  const found = await rulesOf(bucket);
  const mine = found.filter(({ ID }) => ID?.startsWith(OUR_RULES));
  if (isDeepStrictEqual(mine, ours)) return true;
  const Rules = withOurRules(found, ours);
  const command = new PutBucketLifecycleConfigurationCommand({ ...at, LifecycleConfiguration: { Rules } });
  await askOptional(bucket, "setting the lifecycle", bucket.client.send(command));
  return expiresTagged(await rulesOf(bucket));
};

/** The rules of the bucket's lifecycle. */
export const rulesOf = async (bucket: S3Bucket): Promise<readonly LifecycleRule[]> => {
  const answer = bucket.client.send(new GetBucketLifecycleConfigurationCommand({ Bucket: bucket.bucket }));
  return (await askOptional(bucket, "asking for the lifecycle", answer))?.Rules ?? [];
};
