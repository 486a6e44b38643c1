import { isDeepStrictEqual } from "node:util";
import { ARTIFACTS, CATALOG, EXPIRE_TAG, JobError, LEASE_KEY, manifestKey, pointId } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { isOver, isPlausible, parseLease } from "./lease-content.ts";
import type { ObjectVersion, Store } from "./store.ts";

export interface LeftoverOptions {
  /** The life of a lease: what is younger may belong to somebody whose lease has just been taken over. @default 90 */
  readonly seconds?: number;
  /** The point that the running job writes. */
  readonly running?: string;
  /** Where a compatible layout puts a point's data: the root of the repository, and the keys of a point there. */
  readonly layout?: { readonly root: Store; readonly keysOf: (point: string) => readonly string[] };
}

/**
 * Removes what killed backups left: artifacts of points without a manifest, and unfinished uploads. On a versioned
 * bucket whose lifecycle expires by tag they are tagged, elsewhere removed. It does nothing while another process
 * holds the lease, because an unfinished point may be its. A role that may not remove gets a warning: the pruner does
 * the same later.
 * @returns how many objects and uploads
 */
export const removeLeftovers = async (
  context: Context,
  store: Store,
  { seconds = 90, running, layout }: LeftoverOptions = {},
): Promise<number> => {
  // The time first, the lease then: whoever takes the lease after this look writes only what is younger.
  const now = await store.clock();
  if (await isWrittenByAnother(context, store, now)) return 0;
  const before = new Date(now.getTime() - seconds * 1000);
  let removed = 0;
  try {
    removed += await store.abortUploads(ARTIFACTS, before);
    const found = await unfinishedPoints(store, before, running);
    // The catalog is read after the artifacts: a point that was finished in between is in it.
    const known = found.size === 0 ? new Set<string>() : await keysEver(store);
    for (const [point, versions] of found) {
      context.signal.throwIfAborted();
      if (known.has(manifestKey(point))) continue;
      const outside = await outsideOf(layout, point);
      if (outside.some(({ modified }) => modified >= before)) continue;
      for (const version of outside) if (layout) await discard(layout.root, version);
      for (const version of versions) await discard(store, version);
      removed += new Set([...versions, ...outside].map(({ key }) => key)).size;
    }
  } catch (error) {
    if (!(error instanceof JobError) || error.code !== "too-few-rights") throw error;
    context.report.warning(`leftovers of killed backups stay until a prune removes them: ${error.fact}`);
  }
  return removed;
};

/** Whether a backup of another process may be under way. */
export const isWrittenByAnother = async (context: Context, store: Store, now: Date): Promise<boolean> => {
  const found = await store.get(LEASE_KEY);
  if (!found) return false;
  const lease = parseLease(found.body);
  if (!lease || !isPlausible(lease, now)) return true; // perhaps a newer version's; whoever takes the lease clears it up
  return !isDeepStrictEqual(lease.holder, context.holder) && !isOver(context, lease, now);
};

/** Points below `artifacts/` all of whose objects are older than an instant. Keys that name no point are not ours. */
const unfinishedPoints = async (
  store: Store,
  before: Date,
  running: string | undefined,
): Promise<ReadonlyMap<string, ObjectVersion[]>> => {
  const points = new Map<string, ObjectVersion[]>();
  const young = new Set([running]);
  for await (const version of store.versions(ARTIFACTS)) {
    const point = version.key.slice(ARTIFACTS.length).split("/")[0] ?? "";
    if (!pointId.safeParse(point).success || !version.key.startsWith(`${ARTIFACTS}${point}/`)) continue;
    if (version.modified >= before) young.add(point);
    points.set(point, [...(points.get(point) ?? []), version]);
  }
  for (const point of young) if (point !== undefined) points.delete(point);
  return points;
};

/** Only exactly the keys of this point: beside them lie an older tool's own objects. */
const outsideOf = async (layout: LeftoverOptions["layout"], point: string): Promise<readonly ObjectVersion[]> => {
  const found: ObjectVersion[] = [];
  for (const wanted of layout?.keysOf(point) ?? []) {
    for await (const version of layout?.root.versions(wanted) ?? []) if (version.key === wanted) found.push(version);
  }
  return found;
};

/** Manifests that are there or ever were: one under a delete marker still is a recovery point. */
const keysEver = async (store: Store): Promise<ReadonlySet<string>> => {
  const keys = new Set<string>();
  for await (const { key } of store.versions(CATALOG)) keys.add(key);
  return keys;
};

const discard = async (store: Store, { key, versionId, deleteMarker }: ObjectVersion): Promise<void> => {
  if (!(await store.expiresByTag())) return store.remove(key, versionId);
  if (!deleteMarker) await store.tag(key, versionId, EXPIRE_TAG);
};
