import { JobError, type Plan, type Result } from "../spec/index.ts";
import { attachJob, type FoundJob } from "./found-job.ts";
import { jobsOf } from "./on-target.ts";
import type { RunOptions } from "./run-job.ts";
import type { Run } from "./runs/run.ts";
import { logOf, runsOn } from "./runs/runs-on.ts";

/** The jobs of plans that outlived their launchers. */
export interface RemoteJobs {
  /** What is on a plan's target, oldest first; nothing on a target that has no containers. */
  readonly list: (plan: Plan) => Promise<readonly FoundJob[]>;
  /**
   * Follows a job to its end, or reads what it said, and removes its container.
   * @param id of the job or of a request; without one, the newest job
   * @throws JobError `unknown-plan` when there is no such job
   */
  readonly attach: (
    plan: Plan,
    id: string | undefined,
    options: Pick<RunOptions, "onProgress" | "signal">,
  ) => Promise<{ readonly job: FoundJob; readonly result: Result }>;
  /** The plan's runs that the target still knows of, oldest first; of processes of this machine nothing is left. */
  readonly runs: (plan: Plan) => Promise<readonly Run[]>;
  /**
   * What one run has logged, line by line.
   * @param id of the run; without one, the newest
   * @throws JobError `unknown-plan` when there is no such run
   */
  readonly log: (plan: Plan, id: string | undefined) => Promise<readonly string[]>;
}

export const remoteJobs = (environment: Readonly<Record<string, string | undefined>>): RemoteJobs => ({
  list: async (plan) => (await jobsOf(plan, environment)?.list()) ?? [],
  attach: async (plan, id, options) => {
    const jobs = jobsOf(plan, environment);
    if (jobs) return attachJob(jobs, plan, id, options);
    throw ofThisMachine(plan, "`restorable resume` brings a restore to its end; run anything else again");
  },
  runs: async (plan) => {
    const jobs = jobsOf(plan, environment);
    return jobs ? runsOn(jobs) : [];
  },
  log: async (plan, id) => {
    const jobs = jobsOf(plan, environment);
    if (jobs) return logOf(jobs, id);
    throw ofThisMachine(plan, "what started them has their output: a cron line, a systemd timer, or a terminal");
  },
});

const ofThisMachine = ({ name }: Plan, hint: string): JobError =>
  new JobError("unknown-plan", `the jobs of plan '${name}' are processes of the machine where they were started`, hint);
