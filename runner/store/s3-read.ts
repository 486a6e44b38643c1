import { Readable } from "node:stream";
import { GetObjectCommand, type GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { JobError } from "../../spec/index.ts";
import { pause } from "./pause.ts";
import { ask, askFor, type S3Bucket } from "./s3-bucket.ts";
import type { Got } from "./store.ts";

/** Times that a read may break without a single byte between, before the store counts as unreachable. */
const BREAKS = 5;

interface ReadOptions {
  readonly versionId?: string | undefined;
  /** Only if the object still has this etag; else `precondition-failed`. */
  readonly ifMatch?: string | undefined;
  readonly signal: AbortSignal;
}

/** Reads a whole object; the SDK's retries end at the first byte, so a broken body is asked for again. */
export const readObject = async (bucket: S3Bucket, key: string, versionId?: string): Promise<Got | undefined> => {
  for (let tries = 1; ; tries += 1) {
    const answer = await askFor(bucket, `reading ${key}`, bucket.client.send(get(bucket, key, versionId)));
    if (!answer?.Body) return undefined;
    try {
      const body = Buffer.from(await answer.Body.transformToByteArray());
      if (body.length !== (answer.ContentLength ?? body.length)) throw new Error("the connection was cut");
      return { body, etag: answer.ETag ?? "", ...(answer.VersionId ? { versionId: answer.VersionId } : {}) };
    } catch (error) {
      if (tries >= BREAKS) throw await ask(bucket, `reading ${key}`, Promise.reject(error));
      await pause(100 * 2 ** tries);
    }
  }
};

/** A stream of an object that, when the connection breaks, goes on by Range from where it was. */
export const readStream = async (bucket: S3Bucket, key: string, options: ReadOptions): Promise<Readable> => {
  const { versionId, ifMatch, signal } = options;
  signal.throwIfAborted();
  const command = get(bucket, key, versionId, ifMatch === undefined ? {} : { IfMatch: ifMatch });
  const first = await askFor(bucket, `reading ${key}`, bucket.client.send(command, { abortSignal: signal }));
  if (!first) {
    throw new JobError(
      "corrupt",
      `${key}${versionId === undefined ? "" : ` (version ${versionId})`} is not in ${bucket.name}`,
      "the point that names it is not complete here: choose another point (`restorable list`) or another copy",
    );
  }
  return Readable.from(resuming(bucket, key, options, first), { objectMode: false });
};

async function* resuming(
  bucket: S3Bucket,
  key: string,
  { versionId, signal }: ReadOptions,
  first: GetObjectCommandOutput,
): AsyncGenerator<Buffer, void, undefined> {
  const [etag, total] = [first.ETag, first.ContentLength];
  let [offset, breaks] = [0, 0];
  let answer: GetObjectCommandOutput | undefined = first;
  for (;;) {
    try {
      for await (const chunk of bodyOf(answer, signal)) {
        offset += chunk.length;
        breaks = 0;
        yield chunk;
      }
      if (total === undefined || offset >= total) return;
      throw new Error(`the connection was cut at ${offset} of ${total} bytes`);
    } catch (error) {
      signal.throwIfAborted();
      breaks += 1;
      if (breaks > BREAKS) throw await ask(bucket, `reading ${key}`, Promise.reject(error));
    }
    if (total !== undefined && offset >= total) return;
    await pause(100 * 2 ** breaks, signal);
    const command = get(bucket, key, versionId, { Range: `bytes=${offset}-`, ...(etag ? { IfMatch: etag } : {}) });
    answer = await ask(
      bucket,
      `reading ${key} from byte ${offset}`,
      bucket.client.send(command, { abortSignal: signal }),
    );
  }
}

/** The body's chunks. The signal ends it also while it waits for a store that has gone silent. */
async function* bodyOf(answer: GetObjectCommandOutput, signal: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
  const body = answer.Body as Readable;
  const stop = () => body.destroy(new Error("stopped"));
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    yield* body;
  } finally {
    signal.removeEventListener("abort", stop);
    body.destroy();
  }
}

const get = (
  { bucket, prefix }: S3Bucket,
  key: string,
  versionId: string | undefined,
  more: { readonly Range?: string; readonly IfMatch?: string } = {},
) =>
  new GetObjectCommand({
    Bucket: bucket,
    Key: prefix + key,
    ...(versionId === undefined ? {} : { VersionId: versionId }),
    ...more,
  });
