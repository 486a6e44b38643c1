import type Docker from "dockerode";
import { type Job, JobError, type RestoreJob, type Result } from "../../spec/index.ts";
import type { RunOptions } from "../run-job.ts";
import { connectEngine } from "./engine.ts";
import { engineError } from "./engine-error.ts";
import { followJob, type PlacedJob } from "./follow.ts";
import { LABEL, planLabels, withLabels } from "./labels.ts";
import type { DockerPlan } from "./target.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** A job of a plan whose container is still there: it runs, or it ended while nobody listened. */
export interface FoundJob {
  readonly id: string;
  readonly kind: string;
  /** Which step of a restore. */
  readonly action?: string;
  /** Which restore. */
  readonly request?: string;
  /** `unstarted`: its launcher was killed before it was told what to do. */
  readonly state: "runs" | "ended" | "unstarted";
  readonly began: Date;
  readonly container: string;
}

/**
 * The jobs of a plan that are on its Docker host, oldest first.
 * @throws JobError `engine-unreachable`
 */
export const dockerJobs = (plan: DockerPlan, environment: Environment = process.env): Promise<readonly FoundJob[]> =>
  jobsOn(connectEngine(plan.target.host, environment), plan);

export const jobsOn = async (engine: Docker, plan: DockerPlan): Promise<readonly FoundJob[]> => {
  try {
    const found = await engine.listContainers({ all: true, filters: withLabels(planLabels(plan)) });
    // The scheduler of a plan carries its name, too, but is no job.
    return found.flatMap(foundJob).sort((a, b) => a.began.getTime() - b.began.getTime());
  } catch (cause) {
    throw engineError(plan.target.host, "its containers could not be listed", cause);
  }
};

const foundJob = ({ Id, Labels, State, Created }: Docker.ContainerInfo): readonly FoundJob[] => {
  const [id, kind] = [Labels[LABEL.job], Labels[LABEL.kind]];
  if (id === undefined || kind === undefined) return [];
  const [action, request] = [Labels[LABEL.action], Labels[LABEL.request]];
  return [
    {
      id,
      kind,
      ...(action === undefined ? {} : { action }),
      ...(request === undefined ? {} : { request }),
      state: State === "created" ? "unstarted" : ["exited", "dead", "removing"].includes(State) ? "ended" : "runs",
      began: new Date(Created * 1000),
      container: Id,
    },
  ];
};

/** Milliseconds within which a launcher that lives starts the container that it made. */
const STARTING = 60_000;

/** Restore actions that change nothing and wait for nobody. */
const LOOKING: readonly RestoreJob["action"][] = ["state"];

/**
 * The ledger's lease keeps two restores apart; this says so before one is placed, and names the job that is in the way.
 * @throws JobError `busy`
 */
export const refuseWhileAnotherRuns = async (engine: Docker, plan: DockerPlan, job: Job): Promise<void> => {
  if (job.kind !== "restore" || LOOKING.includes(job.action)) return;
  const other = (await jobsOn(engine, plan)).find(isActing);
  if (!other) return;
  throw new JobError(
    "busy",
    `job '${other.id}' of restore '${other.request}' runs on ${plan.target.host} ('${other.action}')`,
    `wait for its end: \`restorable attach ${other.id}\` follows it`,
  );
};

/** A restore's job that runs and changes something. */
export const isActing = ({ kind, action, state }: FoundJob): boolean =>
  kind === "restore" && state === "runs" && !(LOOKING as readonly string[]).includes(action ?? "");

/**
 * Follows a job that was left by its launcher, or reads what it said, and removes its container.
 * @param id of the job, or of a request: then the newest job of that restore
 * @throws JobError `unknown-plan` when there is no such job
 */
export const attachJob = async (
  plan: DockerPlan,
  id: string | undefined,
  { environment = process.env, ...options }: Pick<RunOptions, "onProgress" | "signal"> & { environment?: Environment },
): Promise<{ readonly job: FoundJob; readonly result: Result }> => {
  const engine = connectEngine(plan.target.host, environment);
  const jobs = await jobsOn(engine, plan);
  const job = id === undefined ? jobs.at(-1) : jobs.findLast((each) => each.id === id || each.request === id);
  if (!job) throw unknown(plan, id, jobs);
  const container = engine.getContainer(job.container);
  const placed: PlacedJob = { id: job.id, kind: job.kind, host: plan.target.host, container };
  if (job.state === "unstarted" && Date.now() - job.began.getTime() < STARTING) {
    throw new JobError("busy", `job '${job.id}' is just being started`, "ask again in a moment");
  }
  if (job.state === "unstarted") {
    await container.remove({ force: true });
    throw new JobError("process-failed", `job '${job.id}' was never started`, "ask for it again; nothing was touched");
  }
  const result = await followJob(placed, options);
  await container.remove({ force: true, v: true });
  return { job, result };
};

const unknown = ({ target, name }: DockerPlan, id: string | undefined, jobs: readonly FoundJob[]): JobError => {
  const what = id === undefined ? `no job of '${name}'` : `no job '${id}' of '${name}'`;
  const known = jobs.map((job) => job.id).join(", ") || "none";
  return new JobError("unknown-plan", `there is ${what} on ${target.host}`, `jobs there: ${known}`);
};
