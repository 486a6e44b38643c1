import { type Job, JobError, type Plan, type RestoreJob, type Result } from "../spec/index.ts";
import type { RunOptions } from "./run-job.ts";

/** A job of a plan that is still there: it runs, or it ended while nobody listened. */
export interface FoundJob {
  readonly id: string;
  readonly kind: string;
  /** Which step of a restore. */
  readonly action?: string;
  /** Which restore. */
  readonly request?: string;
  /** `unstarted`: its launcher was killed before it was told what to do. */
  readonly state: "runs" | "ended" | "unstarted";
  /** Whether it ended well, where the target knows. */
  readonly succeeded?: boolean;
  /** The schedule's, not a launcher's. */
  readonly scheduled?: true;
  readonly began: Date;
  /** Where the target knows. */
  readonly ended?: Date;
  /** The container on a Docker host, the Job in a cluster. */
  readonly container: string;
}

/** The jobs of a plan on its target, and what can be done with one. */
export interface JobsOn {
  /** For people: where they are. */
  readonly place: string;
  /** Oldest first. */
  readonly list: () => Promise<readonly FoundJob[]>;
  /** Follows it to its end. It stays. */
  readonly follow: (job: FoundJob, options: Pick<RunOptions, "onProgress" | "signal">) => Promise<Result>;
  readonly remove: (job: FoundJob) => Promise<void>;
  /** What a job has logged, line by line. */
  readonly log: (job: FoundJob) => Promise<readonly string[]>;
  /** What the one container has logged that takes all runs by the schedule; undefined where there is none. */
  readonly schedulerLog: () => Promise<readonly string[] | undefined>;
}

/** Milliseconds within which a launcher that lives starts what it made. */
const STARTING = 60_000;

/** Restore actions that change nothing and wait for nobody. */
const LOOKING: readonly RestoreJob["action"][] = ["open", "state"];

/** A restore's job that runs and changes something. */
export const isActing = ({ kind, action, state }: FoundJob): boolean =>
  kind === "restore" && state === "runs" && !(LOOKING as readonly string[]).includes(action ?? "");

/**
 * The ledger's lease keeps two restores apart; this says so before one is placed, and names the job that is in the way.
 * @throws JobError `busy`
 */
export const refuseWhileAnotherRuns = async (
  { list, place }: Pick<JobsOn, "list" | "place">,
  job: Job,
): Promise<void> => {
  if (job.kind !== "restore" || LOOKING.includes(job.action)) return;
  const other = (await list()).find(isActing);
  if (!other) return;
  throw new JobError(
    "busy",
    `job '${other.id}' of restore '${other.request}' runs on ${place} ('${other.action}')`,
    `wait for its end: \`restorable attach ${other.id}\` follows it`,
  );
};

/**
 * Follows a job that was left by its launcher, or reads what it said, and removes it.
 * @param id of the job, or of a request: then the newest job of that restore
 * @throws JobError `unknown-plan` when there is no such job
 */
export const attachJob = async (
  { place, list, follow, remove }: JobsOn,
  { name }: Pick<Plan, "name">,
  id: string | undefined,
  options: Pick<RunOptions, "onProgress" | "signal">,
): Promise<{ readonly job: FoundJob; readonly result: Result }> => {
  const jobs = await list();
  const job = id === undefined ? jobs.at(-1) : jobs.findLast((each) => each.id === id || each.request === id);
  if (!job) {
    const what = id === undefined ? `no job of '${name}'` : `no job '${id}' of '${name}'`;
    const known = jobs.map((each) => each.id).join(", ") || "none";
    throw new JobError("unknown-plan", `there is ${what} on ${place}`, `jobs there: ${known}`);
  }
  if (job.state === "unstarted" && Date.now() - job.began.getTime() < STARTING) {
    throw new JobError("busy", `job '${job.id}' is just being started`, "ask again in a moment");
  }
  if (job.state === "unstarted") {
    await remove(job);
    throw new JobError("process-failed", `job '${job.id}' was never started`, "ask for it again; nothing was touched");
  }
  const result = await follow(job, options);
  // The schedule keeps its own as long as it says.
  if (!job.scheduled) await remove(job);
  return { job, result };
};
