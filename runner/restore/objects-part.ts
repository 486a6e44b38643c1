import type { Check, IndexedObject, ObjectsEntry, ObjectsSource } from "../../spec/index.ts";
import type { OpenedSource } from "../artifact/load-artifact.ts";
import type { Context } from "../context.ts";
import { type Change, changeSets } from "../objects/change-set.ts";
import { type ListedObject, listMedia } from "../objects/list-media.ts";
import { mediaBucket, mediaName, writerOf } from "../objects/media-bucket.ts";
import { besidePrefix, type ObjectsPart, supersededPrefix } from "../objects/names.ts";
import { oneAtATime } from "../objects/one-at-a-time.ts";
import { putCopy, putVersion, requireVersion } from "../objects/put-back.ts";
import { eachIndexed } from "../objects/read-index.ts";
import type { S3Bucket } from "../store/s3-bucket.ts";
import type { Outcome, PartRequest, RestorePart } from "./restore-part.ts";

/** Keys that a note names. */
const NAMED = 20;

type Ask = PartRequest<ObjectsSource, ObjectsEntry>;

/**
 * How a restore treats the objects of a bucket: what is missing or different is put back, everything else stays. What
 * the point does not know is newer than it, and reported.
 */
export const objectsPart = (context: Context, ask: Ask): RestorePart<ObjectsPart> => ({
  inspect: () => inspect(context, ask),
  load: (part) => loadBeside(context, ask, part),
  hookEnvironment: () => ({}),
  replaceInPlace: () => overwrite(context, ask),
});

const inspect = async (context: Context, { source, request, at }: Ask) => {
  const { bucket, prefix } = source;
  await listMedia(liveOf(context, source), context.signal).next();
  const part: ObjectsPart = {
    kind: "objects",
    source: source.name,
    live: mediaName(source),
    beside: mediaName({ bucket, prefix: besidePrefix(prefix, request.id) }),
    superseded: mediaName({ bucket, prefix: supersededPrefix(prefix, at) }),
    existed: true,
  };
  return { part, notes: [] };
};

const liveOf = (context: Context, source: ObjectsSource): S3Bucket => mediaBucket(context, source, writerOf(source));

/** Everything that will be needed is read, compared and put into the same bucket now: the swap only copies within it. */
const loadBeside = async (context: Context, ask: Ask, part: ObjectsPart): Promise<Outcome> => {
  const { source, request } = ask;
  const beside = mediaBucket(context, source, writerOf(source), besidePrefix(source.prefix, request.id));
  const changes: Change[] = [];
  const outcome = await putDiffering(context, ask, beside, (change) => changes.push(change));
  await changeSets(context, ask.plan).write(part.beside, changes);
  return outcome;
};

const overwrite = (context: Context, ask: Ask): Promise<Outcome> =>
  putDiffering(context, ask, liveOf(context, ask.source), () => undefined);

const putDiffering = async (
  context: Context,
  ask: Ask,
  to: S3Bucket,
  onChange: (change: Change) => void,
): Promise<Outcome> => {
  const { source, entry, artifacts } = ask;
  const live = await liveObjects(context, source);
  const put = putter(context, ask, to);
  const tally = { differing: 0, bytes: 0 };
  await eachIndexed(context, artifacts as OpenedSource, entry, async (object) => {
    const there = live.get(object.key);
    live.delete(object.key);
    if (there && there.bytes === object.bytes && there.etag === object.etag) return;
    onChange({ key: object.key, from: await put(object) });
    tally.differing += 1;
    tally.bytes += object.bytes;
    context.report.progress(
      "restoring",
      `putting back ${tally.differing} objects of ${mediaName(source)}`,
      tally.bytes,
    );
  });
  return { checks: [check(entry, tally.differing)], notes: newerNote(source, [...live.keys()]) };
};

const liveObjects = async (
  context: Context,
  source: ObjectsSource,
): Promise<Map<string, Pick<ListedObject, "bytes" | "etag">>> => {
  const live = new Map<string, Pick<ListedObject, "bytes" | "etag">>();
  for await (const { key, bytes, etag } of listMedia(liveOf(context, source), context.signal))
    live.set(key, { bytes, etag });
  return live;
};

/** Puts one object beside, or names the version where it is already in this bucket. */
const putter = (context: Context, { source, entry, artifacts }: Ask, to: S3Bucket) => {
  const alone = oneAtATime();
  const origin = mediaBucket(context, { ...source, ...entry }, source.credentials);
  const isHere = entry.bucket === source.bucket && entry.endpoint === source.endpoint;
  return async ({ key, bytes, etag, at }: IndexedObject): Promise<NonNullable<Change["from"]>> => {
    if ("stored" in at) {
      await putCopy(artifacts.store, at, to, key, alone);
      return { key: to.prefix + key };
    }
    const version = { key, bytes, etag, versionId: at.sourceVersion };
    if (isHere && to.prefix !== origin.prefix) {
      await requireVersion(origin, version);
      return { key: origin.prefix + key, versionId: at.sourceVersion };
    }
    await putVersion(origin, version, to, alone);
    return { key: to.prefix + key };
  };
};

const check = ({ name, counts }: ObjectsEntry, differing: number): Check => ({
  name: `objects of ${name}`,
  ok: true,
  detail: `${counts.objects} objects of ${counts.bytes} bytes, as in the manifest; ${differing} were missing or different`,
});

const newerNote = (source: ObjectsSource, keys: readonly string[]): string[] => {
  if (keys.length === 0) return [];
  const more = keys.length > NAMED ? ` and ${keys.length - NAMED} more` : "";
  return [
    `${keys.length} objects of ${mediaName(source)} are not in the point and stay as they are: ${keys.slice(0, NAMED).join(", ")}${more}`,
  ];
};
