import {
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  type ObjectLockConfiguration,
  type ObjectLockRetention,
  PutObjectRetentionCommand,
} from "@aws-sdk/client-s3";
import { askFor, askOptional, type S3Bucket } from "./s3-bucket.ts";
import { s3Code } from "./s3-error.ts";
import type { Lock } from "./store.ts";

/** Undefined where the bucket, or the store, has no Object Lock. */
export const lockConfiguration = async (bucket: S3Bucket): Promise<ObjectLockConfiguration | undefined> => {
  const answer = bucket.client.send(new GetObjectLockConfigurationCommand({ Bucket: bucket.bucket }));
  const found = (await askOptional(bucket, "asking for Object Lock", answer))?.ObjectLockConfiguration;
  return found?.ObjectLockEnabled === "Enabled" ? found : undefined;
};

export const hasLock = async (bucket: S3Bucket): Promise<boolean> => (await lockConfiguration(bucket)) !== undefined;

/** What every new object of the bucket gets; undefined where it gets no lock. */
export const defaultLock = async (bucket: S3Bucket): Promise<Lock | undefined> => {
  const { Mode, Days, Years } = (await lockConfiguration(bucket))?.Rule?.DefaultRetention ?? {};
  if (!Mode) return undefined;
  return { mode: Mode === "COMPLIANCE" ? "compliance" : "governance", days: Days ?? (Years ?? 0) * 365 };
};

/** An object that has a lock keeps its mode: to change it takes more rights than to extend it. */
export const lockUntil = async (
  bucket: S3Bucket,
  at: { readonly Bucket: string; readonly Key: string; readonly VersionId?: string },
  mode: Lock["mode"],
  until: Date,
): Promise<boolean> => {
  const { client } = bucket;
  const asked = client.send(new GetObjectRetentionCommand(at)).then(({ Retention }) => Retention ?? {}, unlocked);
  const found = await askFor(bucket, `asking for the lock of ${at.Key}`, asked);
  if (!found || (found.RetainUntilDate && found.RetainUntilDate >= until)) return false;
  const Mode = found.Mode ?? (mode === "governance" ? "GOVERNANCE" : "COMPLIANCE");
  const Retention = { Mode, RetainUntilDate: until };
  const put = client.send(new PutObjectRetentionCommand({ ...at, Retention }));
  return (await askFor(bucket, `locking ${at.Key}`, put)) !== undefined;
};

/** An object without a lock is an error in S3's words. */
const unlocked = (error: unknown): ObjectLockRetention => {
  if (["NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"].includes(s3Code(error))) return {};
  throw error;
};
