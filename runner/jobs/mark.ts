import { JobError, type Mark, type MarkJob, manifestKey, markKey, type ResultOf } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import type { Store } from "../store/store.ts";
import { openPlanStore } from "./plan-store.ts";

/** Writes one mark beside a point; the point itself never changes. */
export const mark = async (context: Context, job: MarkJob): Promise<Pick<ResultOf<"mark">, "kind" | "key">> => {
  const store = openPlanStore(context, job.repository, job.plan, "pruner");
  if (!(await isKnown(store, job.point))) {
    throw new JobError(
      "unknown-point",
      `there is no recovery point ${job.point} in ${store.name}`,
      "see `restorable list` for the points there are",
    );
  }
  const at = context.now();
  const value: Mark = {
    version: 1,
    kind: job.mark,
    point: job.point,
    at: at.toISOString(),
    by: job.by,
    reason: job.reason,
  };
  const key = markKey(job.point, at, job.mark);
  // Without a condition: its name holds the millisecond, and a retry after a lost answer must not fail over itself.
  await store.put(key, JSON.stringify(value));
  return { kind: "mark", key };
};

/** Also where somebody put a delete marker over its manifest: the catalog still lists it. */
const isKnown = async (store: Store, point: string): Promise<boolean> => {
  for await (const { key, deleteMarker } of store.versions(manifestKey(point))) {
    if (key === manifestKey(point) && !deleteMarker) return true;
  }
  return false;
};
