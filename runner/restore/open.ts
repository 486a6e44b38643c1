import { NO_JOURNAL, oldKeyOf, type RestoreJob } from "../../spec/index.ts";
import { readCatalog } from "../catalog/read-catalog.ts";
import { selectedWithKey } from "../catalog/selected.ts";
import type { Context } from "../context.ts";
import { openPlanStore } from "../jobs/plan-store.ts";
import type { RestoreBody } from "./restore-body.ts";
import { state } from "./state.ts";

/**
 * Where a restore stands; of one that nobody has begun here also its point, with the key in its envelope. What was begun
 * is reported without a look at the repository: it may be gone by now.
 * @throws JobError as `state` and `selectedWithKey`
 */
export const open = async (context: Context, job: RestoreJob): Promise<RestoreBody> => {
  const found = await state(context, job);
  // What an older tool stored has no key of its own.
  if (found.step !== NO_JOURNAL || oldKeyOf(job.request.point) !== undefined) return found;
  const { repository, plan } = job.from;
  const store = openPlanStore(context, repository, plan, "reader");
  context.report.step("catalog", `looking for the recovery point in ${store.name}`);
  const { points } = await readCatalog(context, store, repository, plan);
  const options = { unverified: job.request.unverified ?? false };
  return { ...found, selected: await selectedWithKey(context, store, points, job.request.point, options) };
};
