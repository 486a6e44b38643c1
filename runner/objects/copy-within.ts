import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { JobError } from "../../spec/index.ts";
import { ask, askFor, type S3Bucket } from "../store/s3-bucket.ts";

/** The most bytes that S3 copies in one request, and how many we copy in one part of a larger object. */
const WHOLE = 5 * 1024 ** 3;
const PART = 1024 ** 3;

export interface CopySource {
  /** The whole key in the bucket. */
  readonly key: string;
  readonly versionId?: string | undefined;
}

/** Copies an object within its bucket, headers included; no byte comes here. `to` is the whole key. */
export const copyWithin = async (bucket: S3Bucket, from: CopySource, to: string): Promise<void> => {
  const { client, signal } = bucket;
  const head = await askFor(
    bucket,
    `looking at ${from.key}`,
    client.send(new HeadObjectCommand({ Bucket: bucket.bucket, ...at(from) }), { abortSignal: signal }),
  );
  if (!head) throw missing(bucket, from);
  if (from.key === to && (await isCurrent(bucket, from))) return; // S3 refuses to copy an object onto itself
  if ((head.ContentLength ?? 0) > WHOLE) return copyParts(bucket, from, to, head);
  const command = new CopyObjectCommand({ Bucket: bucket.bucket, Key: to, CopySource: sourceOf(bucket, from) });
  await ask(bucket, `copying ${from.key}`, client.send(command, { abortSignal: signal }));
};

/** Removes the current object; on a versioned bucket its versions stay. `key` is the whole one. */
export const removeObject = async (bucket: S3Bucket, key: string, versionId?: string): Promise<void> => {
  const command = new DeleteObjectCommand({ Bucket: bucket.bucket, ...at({ key, versionId }) });
  await askFor(bucket, `removing ${key}`, bucket.client.send(command, { abortSignal: bucket.signal }));
};

const isCurrent = async (bucket: S3Bucket, { key, versionId }: CopySource): Promise<boolean> => {
  const command = new HeadObjectCommand({ Bucket: bucket.bucket, Key: key });
  const current = await askFor(
    bucket,
    `looking at ${key}`,
    bucket.client.send(command, { abortSignal: bucket.signal }),
  );
  return current !== undefined && (current.VersionId ?? "null") === versionId;
};

const copyParts = async (
  bucket: S3Bucket,
  from: CopySource,
  to: string,
  head: {
    readonly ContentLength?: number | undefined;
    readonly ContentType?: string | undefined;
    readonly Metadata?: Record<string, string> | undefined;
  },
): Promise<void> => {
  const { client, signal } = bucket;
  const target = { Bucket: bucket.bucket, Key: to };
  const { ContentType, Metadata, ContentLength: total = 0 } = head;
  const begin = client.send(
    new CreateMultipartUploadCommand({
      ...target,
      ...(ContentType ? { ContentType } : {}),
      ...(Metadata ? { Metadata } : {}),
    }),
  );
  const { UploadId = "" } = await ask(bucket, `beginning the copy of ${from.key}`, begin);
  try {
    const Parts = [];
    for (let offset = 0, PartNumber = 1; offset < total; offset += PART, PartNumber += 1) {
      const CopySourceRange = `bytes=${offset}-${Math.min(offset + PART, total) - 1}`;
      const part = { ...target, UploadId, PartNumber, CopySource: sourceOf(bucket, from), CopySourceRange };
      const sent = client.send(new UploadPartCopyCommand(part), { abortSignal: signal });
      const { CopyPartResult } = await ask(bucket, `copying part ${PartNumber} of ${from.key}`, sent);
      Parts.push({ PartNumber, ...(CopyPartResult?.ETag ? { ETag: CopyPartResult.ETag } : {}) });
    }
    const complete = new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } });
    await ask(bucket, `completing ${to}`, client.send(complete, { abortSignal: signal }));
  } catch (error) {
    await client.send(new AbortMultipartUploadCommand({ ...target, UploadId })).catch(() => undefined);
    throw error;
  }
};

const at = ({ key, versionId }: CopySource) => ({
  Key: key,
  ...(versionId === undefined ? {} : { VersionId: versionId }),
});

const sourceOf = ({ bucket }: S3Bucket, { key, versionId }: CopySource): string => {
  const path = `${bucket}/${key}`.split("/").map(encodeURIComponent).join("/");
  return versionId === undefined ? path : `${path}?versionId=${encodeURIComponent(versionId)}`;
};

const missing = ({ name }: S3Bucket, { key, versionId }: CopySource): JobError =>
  new JobError(
    "corrupt",
    `${key}${versionId === undefined ? "" : ` (version ${versionId})`} is not in ${name} any more`,
    "somebody removed it, or a lifecycle rule did: choose another point",
  );
