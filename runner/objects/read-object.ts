import { GetObjectCommand, type GetObjectCommandOutput, HeadObjectCommand } from "@aws-sdk/client-s3";
import type { ObjectHeaders } from "../../spec/index.ts";
import { pause } from "../store/pause.ts";
import { ask, askFor, type S3Bucket } from "../store/s3-bucket.ts";
import { bare, type ListedObject, toSecond } from "./list-media.ts";

/** Times that the body of a small object is asked for. */
const TRIES = 5;

/** An object as the store has it at this moment. */
export interface FoundObject extends ListedObject {
  readonly headers: ObjectHeaders;
}

/** A small object, whole; undefined when it has gone. */
export const readSmall = async (
  bucket: S3Bucket,
  key: string,
): Promise<{ readonly found: FoundObject; readonly body: Buffer } | undefined> => {
  for (let tries = 1; ; tries += 1) {
    const command = new GetObjectCommand({ Bucket: bucket.bucket, Key: bucket.prefix + key });
    const sent = bucket.client.send(command, { abortSignal: bucket.signal });
    const answer = await askFor(bucket, `reading ${key}`, sent);
    if (!answer?.Body) return undefined;
    try {
      const body = Buffer.from(await answer.Body.transformToByteArray());
      if (body.length !== (answer.ContentLength ?? body.length)) throw new Error("the connection was cut");
      return { found: found(key, body.length, answer), body };
    } catch (error) {
      if (tries >= TRIES) throw await ask(bucket, `reading ${key}`, Promise.reject(error));
      await pause(100 * 2 ** tries, bucket.signal);
    }
  }
};

/** What the store says of an object, or of one version of it; undefined when it has gone. */
export const headObject = async (
  bucket: S3Bucket,
  key: string,
  versionId?: string,
): Promise<FoundObject | undefined> => {
  const command = new HeadObjectCommand({
    Bucket: bucket.bucket,
    Key: bucket.prefix + key,
    ...(versionId === undefined ? {} : { VersionId: versionId }),
  });
  const sent = bucket.client.send(command, { abortSignal: bucket.signal });
  const answer = await askFor(bucket, `looking at ${key}`, sent);
  return answer && found(key, answer.ContentLength ?? 0, answer);
};

type Answer = Pick<
  GetObjectCommandOutput,
  | "ETag"
  | "LastModified"
  | "ContentType"
  | "CacheControl"
  | "ContentDisposition"
  | "ContentEncoding"
  | "ContentLanguage"
  | "Metadata"
>;

const found = (key: string, bytes: number, answer: Answer): FoundObject => ({
  key,
  bytes,
  etag: bare(answer.ETag),
  modified: toSecond(answer.LastModified ?? new Date(0)),
  headers: headersOf(answer),
});

const headersOf = (answer: Answer): ObjectHeaders => ({
  ...(answer.ContentType ? { contentType: answer.ContentType } : {}),
  ...(answer.CacheControl ? { cacheControl: answer.CacheControl } : {}),
  ...(answer.ContentDisposition ? { contentDisposition: answer.ContentDisposition } : {}),
  ...(answer.ContentEncoding ? { contentEncoding: answer.ContentEncoding } : {}),
  ...(answer.ContentLanguage ? { contentLanguage: answer.ContentLanguage } : {}),
  ...(answer.Metadata && Object.keys(answer.Metadata).length > 0 ? { metadata: answer.Metadata } : {}),
});
