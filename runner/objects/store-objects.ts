import type { IndexedObject, Manifest, ObjectCounts, ObjectsEntry, ObjectsSource } from "../../spec/index.ts";
import { JobError } from "../../spec/index.ts";
import type { StoreStream } from "../artifact/store-stream.ts";
import type { Context } from "../context.ts";
import type { S3Bucket } from "../store/s3-bucket.ts";
import type { Store } from "../store/store.ts";
import { writeCopyList } from "./copy-list.ts";
import { type Copying, copyObject } from "./copy-object.ts";
import { inOrder } from "./in-order.ts";
import { knownCopies } from "./known-copies.ts";
import { listMedia, listVersionedMedia } from "./list-media.ts";
import { mediaBucket, mediaName } from "./media-bucket.ts";
import { line } from "./ndjson.ts";
import { oneAtATime } from "./one-at-a-time.ts";

/** Objects on their way at the same time. */
const WIDTH = 16;
/** Names of changed objects that a manifest keeps. */
const KEPT_NAMES = 100;

/** The point that is being made. */
export interface ObjectsTarget {
  readonly store: Store;
  readonly point: string;
  readonly previous: Manifest | undefined;
  readonly storeStream: StoreStream;
}

interface Tally {
  readonly counts: ObjectCounts;
  readonly copied: ObjectCounts;
  readonly changed: string[];
}

/**
 * Stores the objects of a bucket: the ones that are new or changed are copied, the others are named again. The index
 * is written while they are copied, and says in the order of the keys where each one's bytes are.
 * @throws JobError `empty-source` unless empty is fine; what the stores say
 */
export const storeObjects = async (
  context: Context,
  source: ObjectsSource,
  target: ObjectsTarget,
): Promise<ObjectsEntry> => {
  const media = mediaBucket(context, source, source.credentials);
  const started = context.now().toISOString();
  const tally: Tally = { counts: { objects: 0, bytes: 0 }, copied: { objects: 0, bytes: 0 }, changed: [] };
  const stored =
    source.store.kind === "copy"
      ? await copyAll(context, source, target, media, tally)
      : { artifact: await storeIndex(target, source, versions(context, media, tally)) };
  if (tally.counts.objects === 0 && !source.allowEmpty) {
    const hint = "look whether bucket and prefix are right; if it may be empty, say so with allowEmpty";
    throw new JobError("empty-source", `${mediaName(source)} holds no object`, hint);
  }
  const { name, bucket, prefix, endpoint, region, pathStyle } = source;
  return {
    kind: "objects",
    name,
    bucket,
    prefix,
    ...(endpoint === undefined ? {} : { endpoint }),
    region,
    pathStyle,
    started,
    finished: context.now().toISOString(),
    store: source.store.kind,
    ...tally,
    ...("list" in stored ? { copies: stored.list } : {}),
    artifacts: [stored.artifact],
  };
};

const copyAll = async (
  context: Context,
  source: ObjectsSource,
  target: ObjectsTarget,
  media: S3Bucket,
  tally: Tally,
) => {
  const { store, point, previous } = target;
  const known = await knownCopies(context, store, source.name, previous);
  const copying: Copying = { media, store, source: source.name, point, known, alone: oneAtATime() };
  const list = writeCopyList(context, store, point, source.name);
  const indexed = async function* () {
    const done = inOrder(WIDTH, listMedia(media, context.signal), async (listed) => ({
      key: listed.key,
      result: await copyObject(context, copying, listed),
    }));
    for await (const { key, result } of done) {
      if (!result || result.changed) note(tally, key);
      if (!result) continue;
      if (result.bytes !== undefined) count(tally.copied, result.bytes);
      count(tally.counts, result.object.bytes);
      report(context, source, tally);
      await list.add(result.object.at);
      yield result.object;
    }
  };
  try {
    const artifact = await storeIndex(target, source, indexed());
    return { artifact, list: await list.end() };
  } catch (error) {
    await list.abort(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
};

/** The versions that are current now; no byte is read. */
async function* versions(
  context: Context,
  media: S3Bucket,
  tally: Tally,
): AsyncGenerator<IndexedObject, void, undefined> {
  for await (const { key, bytes, etag, modified, versionId = "null" } of listVersionedMedia(media, context.signal)) {
    count(tally.counts, bytes);
    yield { key, bytes, etag, modified: modified.toISOString(), at: { sourceVersion: versionId } };
  }
}

const storeIndex = ({ storeStream }: ObjectsTarget, { name }: ObjectsSource, objects: AsyncIterable<IndexedObject>) =>
  storeStream({ role: "index", file: `${name}.ndjson`, format: "ndjson", producers: [], text: lines(objects) });

async function* lines(objects: AsyncIterable<IndexedObject>): AsyncGenerator<string, void, undefined> {
  for await (const object of objects) yield line(object);
}

const count = (counts: { objects: number; bytes: number }, bytes: number): void => {
  counts.objects += 1;
  counts.bytes += bytes;
};

const note = ({ changed }: Tally, key: string): void => {
  if (changed.length < KEPT_NAMES) changed.push(key);
};

const report = ({ report: reporter }: Context, source: ObjectsSource, { counts, copied }: Tally): void =>
  reporter.progress(
    "source",
    `backing up ${mediaName(source)}: ${counts.objects} objects, ${copied.objects} of them copied`,
    counts.bytes,
  );
