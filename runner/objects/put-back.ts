import { createHash } from "node:crypto";
import { pipeline } from "node:stream";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { JobError, type ObjectHeaders, type StoredCopy } from "../../spec/index.ts";
import { digestStream } from "../store/digest-stream.ts";
import { ask, type S3Bucket } from "../store/s3-bucket.ts";
import { headerInput } from "../store/s3-headers.ts";
import { readStream } from "../store/s3-read.ts";
import { uploadStream } from "../store/s3-upload.ts";
import type { Store } from "../store/store.ts";
import { headObject } from "./read-object.ts";

/** Bytes up to which a copy is read whole. */
const SMALL = 4 * 1024 ** 2;

type Alone = <T>(work: () => Promise<T>) => Promise<T>;

/** Puts a copy's bytes and headers under a key; they are compared with the index on the way. Throws `corrupt`. */
export const putCopy = (store: Store, copy: StoredCopy, to: S3Bucket, key: string, alone: Alone): Promise<void> =>
  copy.bytes <= SMALL ? putSmall(store, copy, to, key) : alone(() => putLarge(store, copy, to, key));

const putSmall = async (store: Store, copy: StoredCopy, to: S3Bucket, key: string): Promise<void> => {
  const body = (await store.get(copy.stored, copy.versionId))?.body;
  if (!body) throw damaged(store, copy, "is not there");
  if (sha256(body) !== copy.sha256) throw damaged(store, copy, "has another SHA-256 than its point says");
  await putWhole(to, key, body, copy.headers);
};

const putWhole = async (to: S3Bucket, key: string, body: Buffer, headers: ObjectHeaders | undefined): Promise<void> => {
  const command = new PutObjectCommand({
    Bucket: to.bucket,
    Key: to.prefix + key,
    Body: body,
    ContentLength: body.length,
    ContentMD5: createHash("md5").update(body).digest("base64"),
    ...headerInput(headers),
  });
  await ask(to, `writing ${key}`, to.client.send(command, { abortSignal: to.signal }));
};

const putLarge = async (store: Store, copy: StoredCopy, to: S3Bucket, key: string): Promise<void> => {
  const version = copy.versionId === undefined ? {} : { versionId: copy.versionId };
  const source = await store.getStream(copy.stored, { ...version, signal: to.signal });
  const checked = digestStream(({ sha256: found }) =>
    found === copy.sha256 ? undefined : damaged(store, copy, "has another SHA-256 than its point says"),
  );
  pipeline(source, checked, () => undefined);
  await uploadStream(to, key, checked, { signal: to.signal, estimate: copy.bytes, headers: copy.headers });
};

/** The same from one version of an object in another bucket. */
export const putVersion = async (
  from: S3Bucket,
  object: { readonly key: string; readonly bytes: number; readonly etag: string; readonly versionId: string },
  to: S3Bucket,
  alone: Alone,
): Promise<void> => {
  const { key, bytes, versionId } = object;
  const found = await requireVersion(from, object);
  const send = async () => {
    const source = await readStream(from, key, { versionId, signal: to.signal });
    await uploadStream(to, key, source, { signal: to.signal, estimate: bytes, headers: found.headers });
  };
  await alone(send);
};

/** Whether a version is still what a point names. Throws `corrupt`. */
export const requireVersion = async (
  from: S3Bucket,
  {
    key,
    bytes,
    etag,
    versionId,
  }: { readonly key: string; readonly bytes: number; readonly etag: string; readonly versionId: string },
) => {
  const found = await headObject(from, key, versionId);
  if (found && found.bytes === bytes && found.etag === etag) return found;
  throw new JobError(
    "corrupt",
    `version ${versionId} of ${key} is not in ${from.name} any more`,
    "somebody removed it, or a lifecycle rule did: choose another point",
  );
};

const sha256 = (body: Buffer): string => createHash("sha256").update(body).digest("hex");

const damaged = ({ name }: Store, { stored }: StoredCopy, what: string): JobError =>
  new JobError(
    "corrupt",
    `${stored} in ${name} ${what}`,
    "this point cannot be restored from this copy: choose another point (`restorable list`) or another copy, and keep this one for inspection",
  );
