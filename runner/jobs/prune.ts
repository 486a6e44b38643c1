import {
  type CatalogPoint,
  EXPIRE_REASON,
  EXPIRE_TAG,
  isExpiring,
  type Mark,
  manifestKey,
  markKey,
  type PruneJob,
  type ResultOf,
} from "../../spec/index.ts";
import { readCatalog } from "../catalog/read-catalog.ts";
import type { Context } from "../context.ts";
import { extendLocks } from "../prune/extend-locks.ts";
import { removeOrphans } from "../prune/orphans.ts";
import { type PointObject, pointObjects } from "../prune/point-objects.ts";
import { selectExpired } from "../prune/policy.ts";
import { sweepCopies } from "../prune/sweep-copies.ts";
import { forgetSnapshots } from "../restic/forget-snapshots.ts";
import { retireRemoved } from "../restic/retire-removed.ts";
import { removeLeftovers } from "../store/leftovers.ts";
import type { Store } from "../store/store.ts";
import { openPlanStore, openRootStore } from "./plan-store.ts";

type Body = Pick<ResultOf<"prune">, "kind" | "frozen" | "decisions" | "acted" | "forgotten" | "how">;

/** Selects what the retention no longer keeps; with `confirm` marks it, then tags it for the bucket's lifecycle or deletes it. */
export const prune = async (context: Context, job: PruneJob): Promise<Body> => {
  const store = openPlanStore(context, job.repository, job.plan, "pruner");
  const root = openRootStore(context, job.repository, "pruner");
  context.report.step("prune", `reading the catalog of ${store.name}`);
  const [{ points, unreadable }, now] = await Promise.all([
    readCatalog(context, store, job.repository, job.plan),
    store.clock(),
  ]);
  const { frozen, decisions } = selectExpired({
    points,
    unreadable,
    retention: job.retention,
    schedule: job.schedule,
    now,
  });
  if (!job.confirm)
    return {
      kind: "prune",
      frozen: [...frozen],
      decisions: [...decisions],
      acted: false,
      how: "dry-run",
    };
  const byTag = await store.expiresByTag();
  const chosen = new Set(decisions.filter(({ keep }) => !keep).map(({ point }) => point));
  const kept = points.filter(({ id }) => !chosen.has(id));
  // First, because nothing that fails below may let a lock run out.
  await extendLocks(context, store, kept, now);
  for (const point of points.filter(({ id }) => chosen.has(id))) {
    context.report.step("prune", `${byTag ? "marking and tagging" : "marking and deleting"} ${point.id}`);
    if (!isExpiring(point)) await markExpired(context, store, point);
    const objects = await pointObjects(store, root, point);
    await (byTag ? tagAll(context, objects) : removePoint(context, point, objects));
  }
  await removeLeftovers(context, store, { seconds: job.leaseSeconds });
  if (frozen.length === 0) await sweepCopies(context, store, kept, byTag);
  if (!byTag) await removeOrphans(store); // where the lifecycle removes, it removes these as well
  // A freeze holds snapshots as well, also those that seem to be nobody's.
  const forgotten = frozen.length > 0 ? 0 : await forgetSnapshots(context, store, job, chosen);
  await retireRemoved(context, store);
  return {
    kind: "prune",
    frozen: [...frozen],
    decisions: [...decisions],
    acted: chosen.size > 0,
    forgotten,
    how: byTag ? "tagged" : "deleted",
  };
};

/** Written first, so that `list` and every later run know of it, even if this one is killed now. */
const markExpired = async (context: Context, store: Store, { id }: CatalogPoint): Promise<void> => {
  const at = context.now();
  const value: Mark = {
    version: 1,
    kind: "expire",
    point: id,
    at: at.toISOString(),
    by: `prune on ${context.holder.host}`,
    reason: EXPIRE_REASON,
  };
  await store.put(markKey(id, at, "expire"), JSON.stringify(value));
};

const tagAll = async (context: Context, objects: readonly PointObject[]): Promise<void> => {
  for (const { store, key, versionId } of objects) {
    context.signal.throwIfAborted();
    await store.tag(key, versionId, EXPIRE_TAG);
  }
};

/** The manifest goes first: a run that is killed half way leaves leftovers, never a point that cannot be restored. */
const removePoint = async (context: Context, { id }: CatalogPoint, objects: readonly PointObject[]): Promise<void> => {
  const manifest = manifestKey(id);
  for (const { store, key, versionId } of [
    ...objects.filter(({ key }) => key === manifest),
    ...objects.filter(({ key }) => key !== manifest),
  ]) {
    context.signal.throwIfAborted();
    await store.remove(key, versionId);
  }
};
