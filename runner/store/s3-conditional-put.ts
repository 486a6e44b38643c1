import { createHash } from "node:crypto";
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type ObjectVersion as SdkVersion,
} from "@aws-sdk/client-s3";
import { JobError } from "../../spec/index.ts";
import { ask, askFor, type S3Bucket } from "./s3-bucket.ts";
import { s3Code } from "./s3-error.ts";
import { OUTRUN, type Put, type PutConditions } from "./store.ts";

/**
 * Writes a small object on a condition. In versioned buckets not every store looks at conditions (Ceph's takes each
 * `If-None-Match` for kept and each `If-Match` for broken), but every one keeps the order of versions. So the version
 * just before ours says whether the condition held: of two that write at once exactly one has what it expects before it.
 * @param versioned asked only when it matters
 * @throws JobError `precondition-failed`; what is there then stays, or comes again as the newest version
 */
export const putOnCondition = async (
  bucket: S3Bucket,
  key: string,
  body: Buffer,
  conditions: PutConditions,
  versioned: () => Promise<boolean>,
): Promise<Put> => {
  try {
    const put = await send(bucket, key, body, conditions);
    if (conditions.ifNoneMatch === undefined || !(await allowed(versioned, false))) return put;
    return await onlyAfter(bucket, key, put, undefined);
  } catch (error) {
    const { ifMatch } = conditions;
    if (!isPrecondition(error) || ifMatch === undefined || (await etagOf(bucket, key)) !== bare(ifMatch)) throw error;
    // It is as it was expected to be, so the store does not look at the condition as it should.
    if (await versioned()) return onlyAfter(bucket, key, await send(bucket, key, body, {}), ifMatch);
    return send(bucket, key, body, { ifMatch: bare(ifMatch) });
  }
};

const isPrecondition = (error: unknown): boolean => error instanceof JobError && error.code === "precondition-failed";

const send = async (bucket: S3Bucket, key: string, body: Buffer, conditions: PutConditions): Promise<Put> => {
  const command = new PutObjectCommand({
    Bucket: bucket.bucket,
    Key: bucket.prefix + key,
    Body: body,
    ContentLength: body.length,
    ContentMD5: createHash("md5").update(body).digest("base64"),
    ...(conditions.ifNoneMatch === undefined ? {} : { IfNoneMatch: conditions.ifNoneMatch }),
    ...(conditions.ifMatch === undefined ? {} : { IfMatch: conditions.ifMatch }),
  });
  const answer = bucket.client.send(command).catch((error: unknown) => {
    // If-Match on what is not there: 404 by the book, and the same to us as another etag.
    const gone = conditions.ifMatch !== undefined && s3Code(error) === "NoSuchKey";
    throw gone ? Object.assign(error as Error, { name: "PreconditionFailed" }) : error;
  });
  const { ETag, VersionId } = await ask(bucket, `writing ${key}`, answer);
  return { etag: ETag ?? "", ...(VersionId === undefined ? {} : { versionId: VersionId }) };
};

/** Accepts what was put only where the version before it is the expected one, or there is none where none is expected. */
const onlyAfter = async (bucket: S3Bucket, key: string, put: Put, expected: string | undefined): Promise<Put> => {
  if (put.versionId === undefined) return put;
  const began = performance.now();
  const older = await allowed(() => olderVersions(bucket, key, put.versionId as string), undefined);
  // Who may put and not list (the prover) writes names of its own, which nobody else writes.
  if (older === undefined || etagAt(older, 0) === bare(expected)) return put;
  // The answer to our first try was lost, and the second one is its copy.
  const first = older.findIndex(({ ETag }) => bare(ETag) !== bare(put.etag));
  if (first !== 0 && etagAt(older, first === -1 ? older.length : first) === bare(expected)) return put;
  const since = expected === undefined ? older.length : older.findIndex(({ ETag }) => bare(ETag) === bare(expected));
  const winner = older[since - 1];
  if (winner && performance.now() - began < PROMPT) await bringBack(bucket, key, winner.VersionId ?? "null");
  throw new JobError(
    "precondition-failed",
    `writing ${key} in ${bucket.name} failed: somebody else's version came before ours`,
    "somebody else wrote it first; read it again and decide anew",
    { cause: OUTRUN },
  );
};

/** Milliseconds after which nobody knows any more whose version the newest should be, and ours stays over it. */
const PROMPT = 2000;

const etagAt = (versions: readonly StoredVersion[], index: number): string => bare(versions[index]?.ETag);

/** Versions of a key before one of them, newest first, back to a delete marker. */
const olderVersions = async (bucket: S3Bucket, key: string, versionId: string): Promise<readonly StoredVersion[]> => {
  const Key = bucket.prefix + key;
  const command = new ListObjectVersionsCommand({ Bucket: bucket.bucket, Prefix: Key });
  const page = await ask(bucket, `listing versions of ${key}`, bucket.client.send(command));
  const versions = (page.Versions ?? []).filter((version) => version.Key === Key);
  const at = versions.findIndex((version) => version.VersionId === versionId);
  const time = versions[at]?.LastModified ?? new Date(0);
  const marker = (page.DeleteMarkers ?? []).find((found) => found.Key === Key && timeOf(found) <= time.getTime());
  return versions.slice(at + 1).filter((version) => !marker || timeOf(version) > timeOf(marker));
};

type StoredVersion = Pick<SdkVersion, "VersionId" | "ETag" | "LastModified">;

const timeOf = ({ LastModified }: { readonly LastModified?: Date | undefined }): number => LastModified?.getTime() ?? 0;

/** Ours lies over a version that somebody else's claim rests on: that becomes the newest again. */
const bringBack = async (bucket: S3Bucket, key: string, VersionId: string): Promise<void> => {
  const at = { Bucket: bucket.bucket, Key: bucket.prefix + key, VersionId };
  const found = await askFor(bucket, `reading ${key}`, bucket.client.send(new GetObjectCommand(at)));
  const body = await found?.Body?.transformToByteArray();
  if (body) await send(bucket, key, Buffer.from(body), {});
};

const etagOf = async (bucket: S3Bucket, key: string): Promise<string | undefined> => {
  const command = new HeadObjectCommand({ Bucket: bucket.bucket, Key: bucket.prefix + key });
  const head = await askFor(bucket, `looking at ${key}`, bucket.client.send(command));
  return head && bare(head.ETag);
};

const bare = (etag: string | undefined): string => (etag ?? "").replaceAll('"', "");

/** Something else where this identity may not ask. */
const allowed = async <T, E>(question: () => Promise<T>, otherwise: E): Promise<T | E> => {
  try {
    return await question();
  } catch (error) {
    if (error instanceof JobError && error.code === "too-few-rights") return otherwise;
    throw error;
  }
};
