import {
  ERROR_CODES,
  type ErrorReport,
  type JobKind,
  type Plan,
  type Result,
  type SchedulerState,
  scheduledJobs,
  unhealthyCode,
} from "../../spec/index.ts";
import type { SchedulerWorld } from "./world.ts";

export type RunEnd = NonNullable<SchedulerState["last"]>;

/** Runs the jobs of a plan, one after the other. What fails ends the run: nothing is pruned after a failed backup. */
export const oneRun = async (
  world: Pick<SchedulerWorld, "now" | "runJob">,
  plan: Plan,
  signal: AbortSignal,
): Promise<RunEnd> => {
  const started = world.now().toISOString();
  const end = (more: Pick<RunEnd, "ok" | "point" | "error">): RunEnd => ({
    started,
    finished: world.now().toISOString(),
    ...more,
  });
  let point: string | undefined;
  for (const job of scheduledJobs(plan)) {
    const result = await world.runJob(job, signal);
    if (result.ok && result.kind === "backup") point = result.manifest.id;
    if (result.ok && result.kind === "copy") point = result.copied.at(-1);
    const error = errorOf(plan, result, job.kind);
    if (error) return end({ ok: false, ...(point === undefined ? {} : { point }), error });
  }
  return end({ ok: true, ...(point === undefined ? {} : { point }) });
};

const errorOf = (plan: Plan, result: Result, kind: JobKind): ErrorReport | undefined => {
  if (!result.ok) return { ...result.error, fact: `the ${kind} failed: ${result.error.fact}` };
  if (!("healthy" in result) || result.healthy) return undefined;
  const code = unhealthyCode(plan);
  if (result.kind === "copy") {
    const facts = result.problems.map(({ point, fact }) => `${point}: ${fact}`).join("; ");
    return { code, fact: `not everything is copied: ${facts}`, hint: "`restorable copy` says the same, and more" };
  }
  if (result.kind !== "check") return undefined;
  const facts = result.checks.flatMap(({ ok, name, detail }) => (ok ? [] : [`${name}: ${detail}`])).join("; ");
  return { code, fact: `the plan is not healthy: ${facts}`, hint: "`restorable check` says the same, and more" };
};

/** Whether the same run may succeed a little later without anybody's help. */
export const mayPass = ({ error }: RunEnd): boolean => error !== undefined && ERROR_CODES[error.code].retry;
