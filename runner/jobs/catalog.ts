import type { CatalogJob, ResultOf } from "../../spec/index.ts";
import { readCatalog } from "../catalog/read-catalog.ts";
import { selectedWithKey } from "../catalog/selected.ts";
import type { Context } from "../context.ts";
import { readOldObjects } from "../old/find-objects.ts";
import { openPlanStore, openRootStore } from "./plan-store.ts";

type Body = Pick<ResultOf<"catalog">, "kind" | "points" | "unreadable" | "old" | "selected">;

/** Lists the points of a plan and, where one is asked for, hands out its key in its envelope. */
export const catalog = async (context: Context, job: CatalogJob): Promise<Body> => {
  const store = openPlanStore(context, job.repository, job.plan, "reader");
  context.report.step("catalog", `reading the catalog of ${store.name}`);
  const { points, unreadable } = await readCatalog(context, store, job.repository, job.plan);
  const old = job.layout && {
    old: await readOldObjects(openRootStore(context, job.repository, "reader"), store, job.layout, points),
  };
  if (job.point === undefined) return { kind: "catalog", points: [...points], unreadable: [...unreadable], ...old };
  return {
    kind: "catalog",
    points: [...points],
    unreadable: [...unreadable],
    ...old,
    selected: await selectedWithKey(context, store, points, job.point, { unverified: job.unverified }),
  };
};
