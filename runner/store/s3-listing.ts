import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
} from "@aws-sdk/client-s3";
import { ask, askFor, type S3Bucket } from "./s3-bucket.ts";
import type { ObjectVersion, StoredObject } from "./store.ts";

/** Objects below a prefix in the order of their keys, page by page. */
export async function* listObjects(
  bucket: S3Bucket,
  below: string,
  signal: AbortSignal,
): AsyncGenerator<StoredObject, void, undefined> {
  let ContinuationToken: string | undefined;
  do {
    const command = new ListObjectsV2Command({
      Bucket: bucket.bucket,
      Prefix: bucket.prefix + below,
      ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
    });
    const page = await ask(bucket, `listing ${below}`, bucket.client.send(command, { abortSignal: signal }));
    for (const { Key = "", Size = 0, LastModified = new Date(0) } of page.Contents ?? []) {
      yield { key: Key.slice(bucket.prefix.length), bytes: Size, modified: LastModified };
    }
    ContinuationToken = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (ContinuationToken !== undefined);
}

/** Versions and delete markers below a prefix; of one key the newest comes first. */
export async function* listVersions(
  bucket: S3Bucket,
  below: string,
  signal: AbortSignal,
): AsyncGenerator<ObjectVersion, void, undefined> {
  let markers: { KeyMarker?: string; VersionIdMarker?: string } = {};
  let before = new Set<string>();
  do {
    const command = new ListObjectVersionsCommand({
      Bucket: bucket.bucket,
      Prefix: bucket.prefix + below,
      ...markers,
    });
    const page = await ask(
      bucket,
      `listing versions of ${below}`,
      bucket.client.send(command, { abortSignal: signal }),
    );
    const versions = [
      ...(page.Versions ?? []).map((version) => seen(bucket, version, false)),
      ...(page.DeleteMarkers ?? []).map((marker) => seen(bucket, marker, true)),
    ];
    // Some stores repeat the last one of a page on the next.
    yield* versions.filter((version) => !before.has(identity(version)));
    before = new Set(versions.map(identity));
    const { IsTruncated, NextKeyMarker, NextVersionIdMarker } = page;
    markers = {
      ...(IsTruncated && NextKeyMarker ? { KeyMarker: NextKeyMarker } : {}),
      ...(IsTruncated && NextVersionIdMarker ? { VersionIdMarker: NextVersionIdMarker } : {}),
    };
  } while (markers.KeyMarker !== undefined);
}

const identity = ({ key, versionId }: ObjectVersion): string => `${versionId} ${key}`;

interface Seen {
  readonly Key?: string | undefined;
  readonly VersionId?: string | undefined;
  readonly LastModified?: Date | undefined;
  readonly IsLatest?: boolean | undefined;
}

const seen = (bucket: S3Bucket, version: Seen, deleteMarker: boolean): ObjectVersion => ({
  key: (version.Key ?? "").slice(bucket.prefix.length),
  versionId: version.VersionId ?? "null",
  modified: version.LastModified ?? new Date(0),
  latest: version.IsLatest ?? false,
  deleteMarker,
});

/** Aborts unfinished multipart uploads that were begun before an instant. */
export const abortUploads = async (
  bucket: S3Bucket,
  below: string,
  before: Date,
  signal: AbortSignal,
): Promise<number> => {
  const old: { Key: string; UploadId: string }[] = [];
  let [KeyMarker, UploadIdMarker]: [string | undefined, string | undefined] = [undefined, undefined];
  do {
    const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({
      Bucket: bucket.bucket,
      Prefix: bucket.prefix + below,
      ...(KeyMarker === undefined ? {} : { KeyMarker }),
      ...(UploadIdMarker === undefined ? {} : { UploadIdMarker }),
    });
    const page = await ask(bucket, "listing unfinished uploads", bucket.client.send(command, { abortSignal: signal }));
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      const ours = Key?.startsWith(bucket.prefix + below); // not every store filters by Prefix
      if (Key && UploadId && ours && Initiated && Initiated < before) old.push({ Key, UploadId });
    }
    [KeyMarker, UploadIdMarker] = page.IsTruncated
      ? [page.NextKeyMarker, page.NextUploadIdMarker]
      : [undefined, undefined];
  } while (KeyMarker !== undefined && KeyMarker !== "");
  for (const upload of old) {
    const command = new AbortMultipartUploadCommand({ Bucket: bucket.bucket, ...upload });
    await askFor(
      bucket,
      `aborting an upload of ${upload.Key}`,
      ignoringNoUpload(bucket.client.send(command, { abortSignal: signal })),
    );
  }
  return old.length;
};

/** Somebody else, or the lifecycle, was faster. */
const ignoringNoUpload = (answer: Promise<unknown>): Promise<unknown> =>
  answer.catch((error: Error) => {
    if (error.name !== "NoSuchUpload") throw error;
  });
