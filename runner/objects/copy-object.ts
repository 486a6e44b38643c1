import { createHash } from "node:crypto";
import { copyKey, type IndexedObject, JobError, type StoredCopy } from "../../spec/index.ts";
import { type Context, withSignal } from "../context.ts";
import type { S3Bucket } from "../store/s3-bucket.ts";
import { readStream } from "../store/s3-read.ts";
import type { Store } from "../store/store.ts";
import { copyName } from "./copy-name.ts";
import type { KnownCopies } from "./known-copies.ts";
import type { ListedObject } from "./list-media.ts";
import { type FoundObject, headObject, readSmall } from "./read-object.ts";

/** Bytes up to which an object is read whole: one request to read it and one to store it. */
const SMALL = 4 * 1024 ** 2;
/** Times that a large object is begun again because it was written over while it was read. */
const TRIES = 3;

/** Where objects are copied from and to. */
export interface Copying {
  readonly media: S3Bucket;
  readonly store: Store;
  readonly source: string;
  readonly point: string;
  readonly known: KnownCopies;
  /** Runs large ones one after another: each takes the memory of several parts. */
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
}

export interface Copied {
  readonly object: IndexedObject & { readonly at: StoredCopy };
  /** Bytes that were copied now; undefined for a copy that was there. */
  readonly bytes?: number;
  /** It is not what the listing said any more. */
  readonly changed: boolean;
}

/** Copies one object, or finds the copy that an earlier run has made; undefined when it has gone meanwhile. */
export const copyObject = async (
  context: Context,
  copying: Copying,
  listed: ListedObject,
): Promise<Copied | undefined> => {
  const name = copyName(listed);
  const copy = copying.known.named(name);
  if (copy) return copied(listed, copy, { changed: false });
  const left = await copying.known.leftover(name, listed.bytes);
  const head = left && (await headObject(copying.media, listed.key));
  if (left && head && copyName(head) === name) return copied(head, withHeaders(left, head), { changed: false });
  const done =
    listed.bytes <= SMALL ? await small(copying, listed) : await copying.alone(() => large(context, copying, listed));
  if (!done) return undefined;
  return copied(done.found, done.copy, { bytes: done.copy.bytes, changed: copyName(done.found) !== name });
};

type Done = { readonly found: FoundObject; readonly copy: StoredCopy };

const small = async ({ media, store, source, point }: Copying, { key }: ListedObject): Promise<Done | undefined> => {
  const read = await readSmall(media, key);
  if (!read) return undefined;
  const { found, body } = read;
  const stored = copyKey(source, copyName(found), point);
  const { versionId } = await store.put(stored, body);
  const sha256 = createHash("sha256").update(body).digest("hex");
  return { found, copy: withHeaders({ stored, ...version(versionId), bytes: body.length, sha256 }, found) };
};

const large = async (context: Context, copying: Copying, { key }: ListedObject): Promise<Done | undefined> => {
  const { media, store, source, point } = copying;
  for (let tries = 1; ; tries += 1) {
    const found = await headObject(media, key);
    if (!found) return undefined;
    try {
      const stored = copyKey(source, copyName(found), point);
      const stop = new AbortController();
      const { signal } = withSignal(context, AbortSignal.any([context.signal, stop.signal]));
      const body = await readStream(media, key, { ifMatch: `"${found.etag}"`, signal });
      const onBytes = (bytes: number) => context.report.progress("source", `copying ${key}`, bytes, found.bytes);
      const put = await store.putStream(stored, body, { signal, estimate: found.bytes, onBytes });
      if (put.bytes !== found.bytes) throw cut(key, put.bytes, found.bytes);
      return {
        found,
        copy: withHeaders({ stored, ...version(put.versionId), bytes: put.bytes, sha256: put.sha256 }, found),
      };
    } catch (error) {
      if (!isChanged(error)) throw error;
      if (tries >= TRIES) throw error;
    }
  }
};

/** Written over, or removed, between the question and the answer. */
const isChanged = (error: unknown): boolean =>
  error instanceof JobError && (error.code === "precondition-failed" || error.code === "corrupt");

const cut = (key: string, bytes: number, expected: number): JobError =>
  new JobError("corrupt", `${bytes} of ${expected} bytes of ${key} arrived`, "run again; nothing was published");

const version = (versionId: string | undefined) => (versionId === undefined ? {} : { versionId });

const withHeaders = (copy: Omit<StoredCopy, "headers">, { headers }: FoundObject): StoredCopy => ({
  ...copy,
  ...(Object.keys(headers).length === 0 ? {} : { headers }),
});

const copied = (
  { key, bytes, etag, modified }: ListedObject,
  at: StoredCopy,
  more: { readonly bytes?: number; readonly changed: boolean },
): Copied => ({ object: { key, bytes, etag, modified: modified.toISOString(), at }, ...more });
