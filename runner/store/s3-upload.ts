import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { JobError, type ObjectHeaders } from "../../spec/index.ts";
import { ask, askFor, type S3Bucket } from "./s3-bucket.ts";
import { s3Code } from "./s3-error.ts";
import { type HeaderInput, headerInput } from "./s3-headers.ts";
import { type Part, PartBuffers, partSize, partsOf } from "./s3-parts.ts";
import type { StreamedPut, StreamOptions } from "./store.ts";
import { untilAborted } from "./until-aborted.ts";

/** Parts on their way at the same time; with the one being filled they are all the memory an upload takes. */
const PARALLEL = 4;
/** Milliseconds that the abort of an upload may take after the job was told to stop. */
const CLEAN_UP = 15_000;

interface Upload {
  readonly bucket: S3Bucket;
  readonly key: string;
  readonly signal: AbortSignal;
  /** Aborted, with its reason, by the first part that fails: it ends the others and the reading of the source. */
  readonly failed: AbortController;
  readonly buffers: PartBuffers;
  readonly headers: HeaderInput;
}

interface Stored {
  readonly etag: string;
  readonly versionId?: string | undefined;
  /** What the store's ETag should be. */
  readonly expected: string;
}

/**
 * Uploads a stream. Not by the SDK's own `Upload`: that returns from an abort while parts are still on their way, so
 * a finished job could leave an unfinished upload behind; and its parts cannot grow with a stream of unknown length.
 */
export const uploadStream = async (
  bucket: S3Bucket,
  key: string,
  source: Readable,
  { signal, estimate, onBytes, headers }: StreamOptions & { readonly headers?: ObjectHeaders | undefined },
): Promise<StreamedPut> => {
  signal.throwIfAborted();
  const hash = createHash("sha256");
  const failed = new AbortController();
  const upload = {
    bucket,
    key,
    signal: AbortSignal.any([signal, failed.signal]),
    failed,
    buffers: new PartBuffers(),
    headers: headerInput(headers),
  };
  let bytes = 0;
  const counted = async function* () {
    for await (const chunk of untilAborted(source, upload.signal)) {
      hash.update(chunk);
      bytes += chunk.length;
      onBytes?.(bytes);
      yield chunk;
    }
  };
  try {
    const parts = partsOf(counted(), (number) => partSize(number, estimate), upload.buffers);
    const stored = await storeParts(upload, parts);
    const put = await confirm(upload, stored, bytes);
    return { ...put, bytes, sha256: hash.digest("hex") };
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    source.destroy();
  }
};

const storeParts = async (upload: Upload, parts: AsyncGenerator<Part, void, undefined>): Promise<Stored> => {
  const { value: first } = await parts.next();
  if (!first) throw new Error("a stream has at least one part");
  return first.last ? putWhole(upload, first) : putParts(upload, first, parts);
};

const putWhole = async ({ bucket, key, signal, headers }: Upload, { body, md5 }: Part): Promise<Stored> => {
  const command = new PutObjectCommand({
    Bucket: bucket.bucket,
    Key: bucket.prefix + key,
    Body: body,
    ContentLength: body.length,
    ContentMD5: md5,
    ...headers,
  });
  const { ETag, VersionId } = await ask(bucket, `writing ${key}`, bucket.client.send(command, { abortSignal: signal }));
  return { etag: ETag ?? "", versionId: VersionId, expected: hex(md5) };
};

const putParts = async (upload: Upload, first: Part, rest: AsyncGenerator<Part, void, undefined>): Promise<Stored> => {
  const { bucket, key, signal, headers } = upload;
  const at = { Bucket: bucket.bucket, Key: bucket.prefix + key };
  const begin = bucket.client.send(new CreateMultipartUploadCommand({ ...at, ...headers }), { abortSignal: signal });
  const { UploadId } = await ask(bucket, `beginning the upload of ${key}`, begin);
  if (UploadId === undefined)
    throw new JobError("store-lacks", `${bucket.name} gave no upload id`, "use another store");
  const id = { ...at, UploadId };
  try {
    const done = await sendAll(upload, id, first, rest);
    const expected = multipartEtag(done.map(({ md5 }) => md5));
    return { ...(await complete(upload, id, done, expected)), expected };
  } catch (error) {
    // With a signal of its own: the job's may be the reason why we are here.
    const end = bucket.client.send(new AbortMultipartUploadCommand(id), { abortSignal: AbortSignal.timeout(CLEAN_UP) });
    await end.catch(() => undefined); // a later run removes it; the first error is the one to tell
    throw error;
  }
};

interface Sent {
  readonly number: number;
  readonly md5: string;
  readonly etag: string;
}

type UploadAt = { readonly Bucket: string; readonly Key: string; readonly UploadId: string };

/** Sends parts, a few at a time. Returns, or throws, only when none is on its way any more. */
const sendAll = async (
  { bucket, key, signal, failed, buffers }: Upload,
  at: UploadAt,
  first: Part,
  rest: AsyncGenerator<Part, void, undefined>,
): Promise<readonly Sent[]> => {
  const done: Sent[] = [];
  const running = new Set<Promise<void>>();
  const send = async ({ number, body, md5 }: Part): Promise<void> => {
    const ContentLength = body.length;
    const command = new UploadPartCommand({ ...at, PartNumber: number, Body: body, ContentLength, ContentMD5: md5 });
    const answer = bucket.client.send(command, { abortSignal: signal });
    const { ETag = "" } = await ask(bucket, `writing part ${number} of ${key}`, answer);
    done.push({ number, md5, etag: ETag });
    buffers.give(body);
  };
  try {
    for (let part: Part | undefined = first; part; part = (await rest.next()).value ?? undefined) {
      const sending: Promise<void> = send(part)
        .catch((error: unknown) => failed.abort(error))
        .finally(() => running.delete(sending));
      running.add(sending);
      if (running.size >= PARALLEL) await Promise.race(running);
      failed.signal.throwIfAborted();
    }
  } catch (error) {
    failed.abort(error);
  }
  await Promise.all(running);
  failed.signal.throwIfAborted();
  return done.sort((a, b) => a.number - b.number);
};

const complete = async (
  { bucket, key, signal }: Upload,
  at: UploadAt,
  parts: readonly Sent[],
  expected: string,
): Promise<{ etag: string; versionId?: string | undefined }> => {
  const MultipartUpload = { Parts: parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag })) };
  const answer = bucket.client
    .send(new CompleteMultipartUploadCommand({ ...at, MultipartUpload }), { abortSignal: signal })
    .catch(async (error: unknown) => {
      // The answer to the first try may have been lost although the store completed the upload.
      if (s3Code(error) !== "NoSuchUpload") throw error;
      const { Bucket, Key } = at;
      const head = await bucket.client.send(new HeadObjectCommand({ Bucket, Key }), { abortSignal: signal });
      if (bare(head.ETag) === expected) return head;
      throw error;
    });
  const { ETag, VersionId } = await ask(bucket, `completing ${key}`, answer);
  return { etag: ETag ?? "", versionId: VersionId };
};

/** Asks the store what it has, and compares: the size always, the ETag where it is an MD5 (it is not with SSE-KMS). */
const confirm = async (
  { bucket, key, signal }: Upload,
  { etag, versionId, expected }: Stored,
  bytes: number,
): Promise<{ etag: string; versionId?: string }> => {
  const at = {
    Bucket: bucket.bucket,
    Key: bucket.prefix + key,
    ...(versionId === undefined ? {} : { VersionId: versionId }),
  };
  const head = await askFor(
    bucket,
    `looking at ${key}`,
    bucket.client.send(new HeadObjectCommand(at), { abortSignal: signal }),
  );
  const found = bare(etag);
  const sameShape = /^[0-9a-f]{32}(-\d+)?$/.test(found) && found.includes("-") === expected.includes("-");
  if (head?.ContentLength === bytes && (!sameShape || found === expected || head.ServerSideEncryption === "aws:kms")) {
    return { etag, ...(versionId === undefined ? {} : { versionId }) };
  }
  await bucket.client.send(new DeleteObjectCommand(at)).catch(() => undefined); // a writer may lack the right
  throw new JobError(
    "corrupt",
    `${bucket.name} holds ${head?.ContentLength ?? "no"} bytes (${found}) under ${key} where ${bytes} (${expected}) were sent`,
    "nothing was published; run again, and if it happens again do not trust this store",
  );
};

const hex = (base64: string): string => Buffer.from(base64, "base64").toString("hex");
const bare = (etag: string | undefined): string => (etag ?? "").replaceAll('"', "");

/** What S3 and its kin call a multipart object: the MD5 of the parts' MD5s, and how many there were. */
export const multipartEtag = (md5s: readonly string[]): string => {
  const joined = Buffer.concat(md5s.map((md5) => Buffer.from(md5, "base64")));
  return `${createHash("md5").update(joined).digest("hex")}-${md5s.length}`;
};
