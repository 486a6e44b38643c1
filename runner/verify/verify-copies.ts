import { JobError, type ObjectsEntry, type ObjectsSource, type StoredCopy } from "../../spec/index.ts";
import type { OpenedSource } from "../artifact/load-artifact.ts";
import type { Context } from "../context.ts";
import { readCopies } from "../objects/copy-list.ts";
import { inOrder } from "../objects/in-order.ts";
import { mediaBucket, mediaName } from "../objects/media-bucket.ts";
import { requireVersion } from "../objects/put-back.ts";
import { eachIndexed } from "../objects/read-index.ts";
import { digestOf } from "../store/digest-stream.ts";
import type { Store } from "../store/store.ts";

/** Copies read at the same time. */
const WIDTH = 8;

/**
 * Reads back every copy that a point names, by its SHA-256. Needs no key: copies are not encrypted.
 * @returns one sentence about what was read
 * @throws JobError `corrupt` naming the first copy that is missing or another one
 */
export const verifyCopies = async (
  context: Context,
  store: Store,
  { copies, counts }: ObjectsEntry,
): Promise<string> => {
  if (!copies) return "nothing was copied: the point names versions in the bucket itself";
  const found = { objects: 0, bytes: 0 };
  for await (const { bytes } of inOrder(WIDTH, readCopies(context, store, copies), (copy) =>
    readCopy(context, store, copy),
  )) {
    found.objects += 1;
    found.bytes += bytes;
    context.report.progress("verify", "reading the copies of objects", found.bytes, counts.bytes);
  }
  if (found.objects === counts.objects)
    return `${found.objects} objects of ${found.bytes} bytes read, each SHA-256 as in the list`;
  const fact = `${copies.key} names ${found.objects} copies where the manifest says ${counts.objects} objects`;
  throw new JobError("counts-differ", fact, "choose another point");
};

const readCopy = async ({ signal }: Context, store: Store, copy: StoredCopy): Promise<StoredCopy> => {
  const version = copy.versionId === undefined ? {} : { versionId: copy.versionId };
  const { sha256 } = await digestOf(await store.getStream(copy.stored, { ...version, signal }));
  if (sha256 === copy.sha256) return copy;
  throw new JobError(
    "corrupt",
    `${copy.stored} in ${store.name} has another SHA-256 than its point says`,
    "the object of this copy cannot be restored from here: choose another point or another copy",
  );
};

/**
 * Asks the bucket for every version that a point names.
 * @throws JobError `corrupt` naming the first one that is gone
 */
export const verifyVersions = async (
  context: Context,
  artifacts: OpenedSource,
  entry: ObjectsEntry,
  source: ObjectsSource,
): Promise<string> => {
  const media = mediaBucket(context, { ...source, ...entry }, source.credentials);
  await eachIndexed(context, artifacts, entry, async ({ at, ...object }) => {
    if ("sourceVersion" in at) await requireVersion(media, { ...object, versionId: at.sourceVersion });
  });
  return `${entry.counts.objects} versions are in ${mediaName(entry)}, with the bytes and etags of the index`;
};
