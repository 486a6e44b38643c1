import { ListObjectsV2Command, ListObjectVersionsCommand } from "@aws-sdk/client-s3";
import { ask, type S3Bucket } from "../store/s3-bucket.ts";
import { isOwnKey } from "./names.ts";

/** One object as a listing has it. */
export interface ListedObject {
  /** Relative to the source's prefix. */
  readonly key: string;
  readonly bytes: number;
  readonly etag: string;
  /** To the second, because a GET says no more. */
  readonly modified: Date;
  /** Only where versions were asked for. */
  readonly versionId?: string;
}

interface Seen {
  readonly Key?: string | undefined;
  readonly Size?: number | undefined;
  readonly ETag?: string | undefined;
  readonly LastModified?: Date | undefined;
}

/** Objects in the order of their keys, page by page; without what restores keep at the top of a whole bucket. */
export async function* listMedia(bucket: S3Bucket, signal: AbortSignal): AsyncGenerator<ListedObject, void, undefined> {
  let ContinuationToken: string | undefined;
  do {
    const command = new ListObjectsV2Command({
      Bucket: bucket.bucket,
      Prefix: bucket.prefix,
      ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
    });
    const page = await ask(bucket, "listing objects", bucket.client.send(command, { abortSignal: signal }));
    yield* (page.Contents ?? []).map((seen) => listed(bucket, seen)).filter(({ key }) => isData(bucket, key));
    ContinuationToken = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (ContinuationToken !== undefined);
}

/** The same of a versioned bucket, with the version of each object that is current now. */
export async function* listVersionedMedia(
  bucket: S3Bucket,
  signal: AbortSignal,
): AsyncGenerator<ListedObject, void, undefined> {
  let markers: { KeyMarker?: string; VersionIdMarker?: string } = {};
  let last: string | undefined;
  do {
    const command = new ListObjectVersionsCommand({ Bucket: bucket.bucket, Prefix: bucket.prefix, ...markers });
    const page = await ask(bucket, "listing versions", bucket.client.send(command, { abortSignal: signal }));
    for (const version of page.Versions ?? []) {
      // Some stores repeat the last one of a page on the next.
      if (!version.IsLatest || version.Key === last) continue;
      last = version.Key;
      const object = { ...listed(bucket, version), versionId: version.VersionId ?? "null" };
      if (isData(bucket, object.key)) yield object;
    }
    const { IsTruncated, NextKeyMarker, NextVersionIdMarker } = page;
    markers = {
      ...(IsTruncated && NextKeyMarker ? { KeyMarker: NextKeyMarker } : {}),
      ...(IsTruncated && NextVersionIdMarker ? { VersionIdMarker: NextVersionIdMarker } : {}),
    };
  } while (markers.KeyMarker !== undefined);
}

const listed = (bucket: S3Bucket, { Key = "", Size = 0, ETag = "", LastModified }: Seen): ListedObject => ({
  key: Key.slice(bucket.prefix.length),
  bytes: Size,
  etag: bare(ETag),
  modified: toSecond(LastModified ?? new Date(0)),
});

const isData = ({ prefix }: S3Bucket, key: string): boolean => key !== "" && !(prefix === "" && isOwnKey(key));

/** An etag without its quotes. */
export const bare = (etag: string | undefined): string => (etag ?? "").replaceAll('"', "");

export const toSecond = (at: Date): Date => new Date(Math.floor(at.getTime() / 1000) * 1000);
