import { type CatalogPoint, FILES, FILES_PASSWORD_KEY, JobError } from "../../spec/index.ts";
import { inParallel } from "../catalog/in-parallel.ts";
import { copyId } from "../check/copies.ts";
import type { Context } from "../context.ts";
import { namedCopies } from "../objects/named-copies.ts";
import { snapshotsOf } from "../restic/snapshots-of.ts";
import type { ObjectVersion, Store } from "../store/store.ts";

/** Objects that are asked about at once. */
const WIDTH = 16;

/**
 * Object Lock counts from when an object was written. What points share is written once, and would be open to deletion
 * while the newest of them still counts on it: what there is below `files/`, its password, and copies of objects. Their
 * locks are made to last as long as the newest point's own; a lock is never shortened.
 * @returns how many locks were extended; 0 where the bucket gives none
 */
export const extendLocks = async (
  context: Context,
  store: Store,
  kept: readonly CatalogPoint[],
  now: Date,
): Promise<number> => {
  try {
    const shared = kept.filter((point) => snapshotsOf(point).length > 0 || hasCopies(point));
    const lock = shared.length > 0 ? await store.lock() : undefined;
    if (!lock) return 0;
    const until = endOf(shared, now, lock.days);
    let extended = 0;
    await inParallel(WIDTH, await sharedObjects(context, store, shared), async ({ key, versionId }) => {
      context.signal.throwIfAborted();
      if (await store.lockUntil(key, versionId, lock.mode, until)) extended += 1;
    });
    if (extended > 0)
      context.report.step(
        "prune",
        `${extended} locks of what several points need last until ${until.toISOString()} now`,
      );
    return extended;
  } catch (error) {
    if (!(error instanceof JobError) || !["too-few-rights", "corrupt"].includes(error.code)) throw error;
    context.report.warning(
      `locks of what later points share with earlier ones were not extended: ${error.fact}; ${error.hint}`,
    );
    return 0;
  }
};

const hasCopies = ({ manifest }: CatalogPoint): boolean =>
  manifest.sources.some((entry) => entry.kind === "objects" && entry.copies !== undefined);

/** In whole seconds, as stores keep it. A point that claims to be of the future must not lock anything for years. */
const endOf = (points: readonly CatalogPoint[], now: Date, days: number): Date => {
  const newest = Math.max(...points.map(({ manifest }) => Date.parse(manifest.finished)));
  return new Date((Math.floor(Math.min(newest, now.getTime()) / 1000) + days * 86_400) * 1000);
};

interface Shared {
  readonly key: string;
  readonly versionId?: string | undefined;
}

const sharedObjects = async (
  context: Context,
  store: Store,
  points: readonly CatalogPoint[],
): Promise<readonly Shared[]> => {
  const found = new Map<string, Shared>();
  for (const below of [FILES, FILES_PASSWORD_KEY])
    for (const version of await presentVersions(store, below))
      found.set(copyId(version.key, version.versionId), version);
  for await (const { stored, versionId } of namedCopies(context, store, points))
    found.set(copyId(stored, versionId), { key: stored, versionId });
  return [...found.values()];
};

/** Of what is not removed every version: where somebody wrote over an object, the good one is an older one. */
const presentVersions = async (store: Store, below: string): Promise<readonly Shared[]> => {
  const versions: ObjectVersion[] = [];
  for await (const version of store.versions(below)) versions.push(version);
  const removed = new Set(versions.flatMap(({ key, latest, deleteMarker }) => (latest && deleteMarker ? [key] : [])));
  return versions.filter(
    ({ key, deleteMarker }) => !deleteMarker && !removed.has(key) && !key.startsWith(`${FILES}locks/`),
  );
};
