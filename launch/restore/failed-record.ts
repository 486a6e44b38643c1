import { type ErrorReport, JobError, type RestoreLaunch, type RestoreRecord } from "../../spec/index.ts";

/** An error as records hold it; anything that is not a JobError is a defect of ours. */
export const errorReport = (error: unknown): ErrorReport => {
  if (error instanceof JobError) return { code: error.code, fact: error.fact, hint: error.hint };
  const fact = error instanceof Error ? error.message : String(error);
  return { code: "bug", fact, hint: "this is a defect of restorable: please report it with this text" };
};

/** The record of a restore that ended before the runner could write one. */
export const failedRecord = (launch: RestoreLaunch, started: Date, finished: Date, error: unknown): RestoreRecord => ({
  version: 1,
  id: launch.request.id,
  ok: false,
  request: launch.request,
  target: targetOf(launch),
  from: { environment: launch.from.repository.environment, plan: launch.from.plan },
  started: started.toISOString(),
  finished: finished.toISOString(),
  seconds: (finished.getTime() - started.getTime()) / 1000,
  downtimeSeconds: 0,
  bytes: 0,
  checks: [],
  superseded: [],
  notes: [],
  error: errorReport(error),
});

/** `<project>/<stack>/<plan>`: what a request's `confirm` must equal. */
export const targetOf = ({ plan }: RestoreLaunch): string => `${plan.project}/${plan.stack}/${plan.name}`;
