import { NO_JOURNAL, oldKeyOf, type RestoreJob } from "../../spec/index.ts";
import { findPoint } from "../catalog/find-point.ts";
import type { Context } from "../context.ts";
import type { RestoreBody } from "./restore-body.ts";
import { state } from "./state.ts";

/**
 * Where a restore stands; of one that nobody has begun here also its point, with the key in its envelope. What was begun
 * is reported without a look at the repository: it may be gone by now.
 * @throws JobError as `state` and `findPoint`
 */
export const open = async (context: Context, job: RestoreJob): Promise<RestoreBody> => {
  const found = await state(context, job);
  // What an older tool stored has no key of its own.
  if (found.step !== NO_JOURNAL || oldKeyOf(job.request.point) !== undefined) return found;
  const { point, unverified = false } = job.request;
  return { ...found, selected: await findPoint(context, { ...job.from, point, unverified }) };
};
