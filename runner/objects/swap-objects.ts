import { JobError, type ObjectsSource, type Plan } from "../../spec/index.ts";
import { inParallel } from "../catalog/in-parallel.ts";
import type { Context } from "../context.ts";
import type { S3Bucket } from "../store/s3-bucket.ts";
import { listVersions } from "../store/s3-listing.ts";
import { versioned } from "../store/s3-store.ts";
import { type Change, type ChangeSets, changeSets } from "./change-set.ts";
import { copyWithin, removeObject } from "./copy-within.ts";
import { listMedia, listVersionedMedia } from "./list-media.ts";
import { mediaBucket, mediaName, writerOf } from "./media-bucket.ts";
import { type ObjectsPart, parseName } from "./names.ts";

/** Objects changed at the same time. */
const WIDTH = 16;

/** What a swap of objects works with. */
interface Target {
  readonly media: S3Bucket;
  readonly source: ObjectsSource;
  readonly sets: ChangeSets;
}

const targetOf = (context: Context, plan: Plan, part: ObjectsPart): Target => {
  const source = plan.sources.find(({ name }) => name === part.source);
  if (source?.kind !== "objects" || mediaName(source) !== part.live) {
    const fact = `the plan '${plan.name}' has no source '${part.source}' at ${part.live} any more`;
    throw new JobError("cannot-swap", fact, "declare it as it was when the restore began, and run `restorable resume`");
  }
  return { source, media: mediaBucket(context, source, writerOf(source)), sets: changeSets(context, plan) };
};

/** Puts back what the restore has found missing or different. What is there is kept first, under the superseded name or as versions. */
export const swapObjects = async (context: Context, plan: Plan, part: ObjectsPart): Promise<void> => {
  const target = targetOf(context, plan, part);
  const changes = await target.sets.read(part.beside);
  if (!changes) throw new JobError("cannot-swap", `nothing is prepared for ${part.live}`, "ask again under a new id");
  if (!(await target.sets.read(part.superseded))) {
    // Written only when everything in it is kept: so its being there says that the live objects may be changed.
    await target.sets.write(part.superseded, await keep(context, target, part, changes));
  }
  await apply(target.media, changes);
};

/** Gives every key back what it had, where a swap was begun. */
export const undoObjects = async (context: Context, plan: Plan, part: ObjectsPart): Promise<void> => {
  const { media, sets } = targetOf(context, plan, part);
  const changes = await sets.read(part.superseded);
  if (!changes) return;
  await apply(media, changes);
  await sets.remove(part.superseded);
};

/** Removes what was put beside; of a swap that was undone also what it had kept. */
export const discardObjects = async (context: Context, plan: Plan, part: ObjectsPart): Promise<void> => {
  const target = targetOf(context, plan, part);
  await forget(context, target, part.beside);
  if (!(await target.sets.read(part.superseded))) await removeBelow(context, target, part.superseded);
};

/** Removes what was put beside: it is live now. */
export const settleObjects = (context: Context, plan: Plan, part: ObjectsPart): Promise<void> =>
  forget(context, targetOf(context, plan, part), part.beside);

/** Removes what was superseded, and of a rollback what it came from. Versions stay: they are the bucket's. */
export const dropObjects = async (context: Context, plan: Plan, part: ObjectsPart): Promise<void> => {
  const target = targetOf(context, plan, part);
  await forget(context, target, part.beside);
  await forget(context, target, part.superseded);
};

/** How every key that is about to change can be given back what it has. */
const keep = async (
  context: Context,
  { media, source }: Target,
  part: ObjectsPart,
  changes: readonly Change[],
): Promise<readonly Change[]> => {
  const missing = new Set(changes.map(({ key }) => key));
  const isVersioned = await versioned(media);
  const live = isVersioned ? listVersionedMedia(media, context.signal) : listMedia(media, context.signal);
  const kept: Change[] = [];
  for await (const { key, versionId } of live) {
    if (!missing.delete(key)) continue;
    const from = versionId === undefined ? `${parseName(part.superseded).prefix}/${key}` : media.prefix + key;
    kept.push({ key, from: { key: from, ...(versionId === undefined ? {} : { versionId }) } });
  }
  context.report.step(
    "swapping",
    `keeping ${kept.length} objects of ${mediaName(source)}${isVersioned ? " as versions" : ""}`,
  );
  if (!isVersioned) {
    await inParallel(
      WIDTH,
      kept,
      async ({ key, from }) => from && copyWithin(media, { key: media.prefix + key }, from.key),
    );
  }
  return [...kept, ...[...missing].map((key) => ({ key }))];
};

const apply = async (media: S3Bucket, changes: readonly Change[]): Promise<void> => {
  await inParallel(WIDTH, changes, ({ key, from }) =>
    from ? copyWithin(media, from, media.prefix + key) : removeObject(media, media.prefix + key),
  );
};

/** The list first: without it nobody asks for the objects any more. */
const forget = async (context: Context, target: Target, name: string): Promise<void> => {
  await target.sets.remove(name);
  await removeBelow(context, target, name);
};

/** Removes every object below one of a restore's own prefixes, with all versions. */
const removeBelow = async (context: Context, { source }: Target, name: string): Promise<void> => {
  const { prefix } = parseName(name);
  if (!/_(new_[^/]+|org_\d{8}T\d{6}Z)$/.test(prefix)) throw new Error(`${name} is not a restore's own`);
  const own = mediaBucket(context, source, writerOf(source), prefix);
  const isVersioned = await versioned(own);
  const found: { key: string; versionId?: string }[] = [];
  for await (const { key, versionId } of listVersions(own, "", context.signal))
    found.push({ key: own.prefix + key, ...(isVersioned ? { versionId } : {}) });
  await inParallel(WIDTH, found, ({ key, versionId }) => removeObject(own, key, versionId));
};
