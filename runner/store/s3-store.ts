import {
  DeleteObjectCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketVersioningCommand,
  HeadObjectCommand,
  PutObjectTaggingCommand,
} from "@aws-sdk/client-s3";
import type { Role, S3Repository } from "../../spec/index.ts";
import { credentialsOf } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { expiresTagged } from "./lifecycle-rules.ts";
import { ask, askFor, askOptional, type S3Bucket } from "./s3-bucket.ts";
import { s3Client } from "./s3-client.ts";
import { storeClock } from "./s3-clock.ts";
import { putOnCondition } from "./s3-conditional-put.ts";
import { abortUploads, listObjects, listVersions } from "./s3-listing.ts";
import { defaultLock, lockUntil } from "./s3-lock.ts";
import { s3Place } from "./s3-place.ts";
import { readObject, readStream } from "./s3-read.ts";
import { uploadStream } from "./s3-upload.ts";
import type { Store } from "./store.ts";
import { checkedKey, readableKey } from "./store-key.ts";

/**
 * A bucket below a prefix. Small requests are not bound to the job's signal: a lease must be released after it.
 * @param prefix relative to the location's own, ending with a slash
 * @throws JobError `missing-secret`, `bad-config`
 */
export const s3Store = (context: Context, location: S3Repository, role: Role, prefix: string): Store => {
  const bucket = s3Bucket(context, location, role, prefix);
  const { signal } = context;
  const isVersioned = once(() => versioned(bucket));
  // Without versions a listing calls the only one "null"; not every store answers when it is asked for by that name.
  const named = async (versionId: string | undefined) =>
    versionId === "null" && !(await isVersioned()) ? undefined : versionId;
  return {
    name: bucket.name,
    versioned: isVersioned,
    expiresByTag: once(() => expiresByTag(bucket)),
    put: async (key, body, conditions = {}) =>
      putOnCondition(bucket, checkedKey(key), Buffer.from(body), conditions, isVersioned),
    putStream: async (key, body, options) => uploadStream(bucket, checkedKey(key), body, options),
    get: async (key, versionId) => readObject(bucket, readableKey(key), await named(versionId)),
    getStream: async (key, { versionId, signal: stop }) =>
      readStream(bucket, readableKey(key), { versionId: await named(versionId), signal: stop }),
    size: async (key, versionId) => size(bucket, readableKey(key), await named(versionId)),
    list: (below) => listObjects(bucket, below, signal),
    versions: (below) => listVersions(bucket, below, signal),
    tag: async (key, versionId, tags) => tag(bucket, checkedKey(key), await named(versionId), tags),
    lock: once(() => defaultLock(bucket)),
    lockUntil: async (key, versionId, mode, until) =>
      lockUntil(bucket, at(bucket, checkedKey(key), await named(versionId)), mode, until),
    remove: async (key, versionId) => remove(bucket, checkedKey(key), await named(versionId)),
    abortUploads: (below, before) => abortUploads(bucket, below, before, signal),
    place: (below) => s3Place(bucket, location, below),
    clock: () => storeClock(bucket),
    room: async () => undefined,
  };
};

const s3Bucket = (context: Context, location: S3Repository, role: Role, below: string): S3Bucket => {
  const prefix = `${location.prefix === "" ? "" : `${location.prefix}/`}${below}`;
  return {
    client: s3Client(context, { ...location, credentials: credentialsOf(location, role) }),
    bucket: location.bucket,
    prefix,
    name: `s3://${location.bucket}/${prefix.replace(/\/$/, "")}`,
    endpoint: location.endpoint ?? `S3 in ${location.region}`,
    role,
    signal: context.signal,
  };
};

const at = ({ bucket, prefix }: S3Bucket, key: string, versionId?: string) => ({
  Bucket: bucket,
  Key: prefix + key,
  ...(versionId === undefined ? {} : { VersionId: versionId }),
});

const size = async (bucket: S3Bucket, key: string, versionId?: string): Promise<number | undefined> => {
  const command = new HeadObjectCommand(at(bucket, key, versionId));
  return (await askFor(bucket, `looking at ${key}`, bucket.client.send(command)))?.ContentLength;
};

const tag = async (
  bucket: S3Bucket,
  key: string,
  versionId: string | undefined,
  tags: Readonly<Record<string, string>>,
): Promise<void> => {
  const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  const command = new PutObjectTaggingCommand({ ...at(bucket, key, versionId), Tagging: { TagSet } });
  await ask(bucket, `tagging ${key}`, bucket.client.send(command));
};

const remove = async (bucket: S3Bucket, key: string, versionId?: string): Promise<void> => {
  await askFor(bucket, `removing ${key}`, bucket.client.send(new DeleteObjectCommand(at(bucket, key, versionId))));
};

/** Whether overwritten and deleted objects remain as versions. */
export const versioned = async (bucket: S3Bucket): Promise<boolean> => {
  const command = new GetBucketVersioningCommand({ Bucket: bucket.bucket });
  return (await askOptional(bucket, "asking for the versioning", bucket.client.send(command)))?.Status === "Enabled";
};

const expiresByTag = async (bucket: S3Bucket): Promise<boolean> => {
  const command = new GetBucketLifecycleConfigurationCommand({ Bucket: bucket.bucket });
  return expiresTagged(
    (await askOptional(bucket, "asking for the lifecycle", bucket.client.send(command)))?.Rules ?? [],
  );
};

/** Asks once; after a failure, again. */
const once = <T>(question: () => Promise<T>): (() => Promise<T>) => {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= question().catch((error: unknown) => {
      answer = undefined;
      throw error;
    });
    return answer;
  };
};
