import type { PointSelector, Repository, Selected } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { openPlanStore } from "../jobs/plan-store.ts";
import { readCatalog } from "./read-catalog.ts";
import { selectedWithKey } from "./selected.ts";

export interface WantedPoint {
  readonly repository: Repository;
  readonly plan: string;
  readonly point: PointSelector;
  readonly unverified: boolean;
}

/**
 * Looks for one point in a repository: what somebody who wants to restore it has to know of it, with its key closed.
 * @throws JobError as `selectedWithKey`
 */
export const findPoint = async (
  context: Context,
  { repository, plan, point, unverified }: WantedPoint,
): Promise<Selected> => {
  const store = openPlanStore(context, repository, plan, "reader");
  context.report.step("catalog", `looking for the recovery point in ${store.name}`);
  const { points } = await readCatalog(context, store, repository, plan);
  return selectedWithKey(context, store, points, point, { unverified });
};
