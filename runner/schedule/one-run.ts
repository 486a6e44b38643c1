import {
  ERROR_CODES,
  type ErrorReport,
  type Job,
  type JobKind,
  type Plan,
  type Result,
  type SchedulerState,
  type Success,
} from "../../spec/index.ts";
import type { SchedulerWorld } from "./world.ts";

export type RunEnd = NonNullable<SchedulerState["last"]>;

/** Takes a point, then lets retention select, then looks at the catalog. What fails ends the run: nothing is pruned after a failed backup. */
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
  for (const job of jobsOf(plan)) {
    const result = await world.runJob(job, signal);
    if (result.ok && result.kind === "backup") point = result.manifest.id;
    const error = errorOf(result, job.kind);
    if (error) return end({ ok: false, ...(point === undefined ? {} : { point }), error });
  }
  return end({ ok: true, ...(point === undefined ? {} : { point }) });
};

const jobsOf = (plan: Plan): readonly Job[] => {
  const { repository, name, retention, schedule, leaseSeconds } = plan;
  const scope = { version: 1, repository, plan: name, schedule } as const;
  return [
    { kind: "backup", version: 1, plan },
    ...(retention ? [{ kind: "prune", ...scope, retention, confirm: true, leaseSeconds } as const] : []),
    { kind: "check", ...scope },
  ];
};

const errorOf = (result: Result, kind: JobKind): ErrorReport | undefined => {
  if (!result.ok) return { ...result.error, fact: `the ${kind} failed: ${result.error.fact}` };
  return result.kind === "check" && !result.healthy ? unhealthy(result) : undefined;
};

const unhealthy = ({ checks }: Extract<Success, { kind: "check" }>): ErrorReport => ({
  code: "unhealthy",
  fact: `the plan is not healthy: ${checks.flatMap(({ ok, name, detail }) => (ok ? [] : [`${name}: ${detail}`])).join("; ")}`,
  hint: "`restorable check` says the same, and more",
});

/** Whether the same run may succeed a little later without anybody's help. */
export const mayPass = ({ error }: RunEnd): boolean => error !== undefined && ERROR_CODES[error.code].retry;
