import { createHash } from "node:crypto";
import {
  DeleteObjectCommand,
  GetObjectTaggingCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectTaggingCommand,
} from "@aws-sdk/client-s3";
import { EXPIRE_TAG, JobError } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { ask, type S3Bucket } from "./s3-bucket.ts";
import { httpStatus } from "./s3-error.ts";

/** What was found by trying, not by asking: stores accept things that they do not do. */
export interface Probed {
  /** `If-None-Match` and `If-Match` are honoured. */
  readonly conditionalPut: boolean;
  /** A wrong Content-MD5 is refused. */
  readonly md5: boolean;
  /** A tag that is put on a version is read back from it. */
  readonly tagging: boolean;
}

/** Milliseconds for which a probe is locked in a bucket whose default would lock it for days. */
const LOCKED = 60_000;

/** Tries a store's abilities on one scratch key, and removes it with all its versions. */
export const probe = async (context: Context, bucket: S3Bucket, locked: boolean): Promise<Probed> => {
  const key = `.restorable-probe-${context.random(2 ** 32).toString(16)}`;
  const lock = locked
    ? ({ ObjectLockMode: "GOVERNANCE", ObjectLockRetainUntilDate: new Date(context.now().getTime() + LOCKED) } as const)
    : {};
  const put = (body: string, more: Partial<PutObjectCommandInput> = {}) =>
    bucket.client.send(
      new PutObjectCommand({
        Bucket: bucket.bucket,
        Key: key,
        Body: body,
        ContentMD5: createHash("md5").update(body).digest("base64"),
        ...lock,
        ...more,
      }),
    );
  try {
    const first = await ask(bucket, "writing a scratch object", put("first", { IfNoneMatch: "*" }));
    return {
      conditionalPut:
        (await isRefused(bucket, put("second", { IfNoneMatch: "*" }))) &&
        (await isRefused(bucket, put("third", { IfMatch: '"00000000000000000000000000000000"' }))),
      md5: await isRefused(bucket, put("fourth", { ContentMD5: createHash("md5").update("other").digest("base64") })),
      tagging: await keepsTags(bucket, key, first.VersionId),
    };
  } finally {
    await removeAll(bucket, key, locked);
  }
};

/** A store that refuses answers 4xx; when it cannot be reached nothing is known, and that is thrown. */
const isRefused = async (bucket: S3Bucket, answer: Promise<unknown>): Promise<boolean> =>
  ask(
    bucket,
    "trying what the store refuses",
    answer.then(
      () => false,
      (error: unknown) => {
        const status = httpStatus(error) ?? 0;
        if (status === 501) return false; // it does not know the header
        if (status >= 400 && status < 500 && status !== 403) return true;
        throw error;
      },
    ),
  );

const keepsTags = async (bucket: S3Bucket, Key: string, VersionId: string | undefined): Promise<boolean> => {
  const at = { Bucket: bucket.bucket, Key, ...(VersionId === undefined ? {} : { VersionId }) };
  const TagSet = Object.entries(EXPIRE_TAG).map(([name, Value]) => ({ Key: name, Value }));
  try {
    await bucket.client.send(new PutObjectTaggingCommand({ ...at, Tagging: { TagSet } }));
    const found = await bucket.client.send(new GetObjectTaggingCommand(at));
    return found.TagSet?.some(({ Key: name, Value }) => name === TagSet[0]?.Key && Value === TagSet[0]?.Value) ?? false;
  } catch (error) {
    if ((httpStatus(error) ?? 0) >= 400) return false;
    return ask(bucket, "tagging a scratch object", Promise.reject(error));
  }
};

const removeAll = async (bucket: S3Bucket, key: string, locked: boolean): Promise<void> => {
  const Bucket = bucket.bucket;
  const bypass = locked ? { BypassGovernanceRetention: true } : {};
  const listed = bucket.client.send(new ListObjectVersionsCommand({ Bucket, Prefix: key }));
  const { Versions = [], DeleteMarkers = [] } = await ask(bucket, "listing the scratch object", listed);
  for (const { VersionId } of [...Versions, ...DeleteMarkers]) {
    const named = VersionId === undefined || VersionId === "null" ? {} : { VersionId };
    const removal = bucket.client.send(new DeleteObjectCommand({ Bucket, Key: key, ...named, ...bypass }));
    await ask(bucket, `removing the scratch object ${key}`, removal).catch((error: unknown) => {
      if (!(error instanceof JobError) || error.code !== "too-few-rights" || !locked) throw error;
    });
  }
};
