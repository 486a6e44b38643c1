import type Docker from "dockerode";
import type { Job, Progress } from "../../spec/index.ts";
import { refuseWhileAnotherRuns } from "../found-job.ts";
import { filesHandedOver, runnerInput } from "../hand-over.ts";
import { newJobId } from "../job-id.ts";
import type { OnPlaced } from "../placed.ts";
import { secretReader } from "../read-secret.ts";
import { refuseDirectory } from "../refuse-directory.ts";
import { NEVER } from "../restore/world.ts";
import type { RunJob, RunOptions } from "../run-job.ts";
import { untilItsEnd } from "../until-its-end.ts";
import { checkHost, makeVolumes } from "./check-host.ts";
import { connectEngine } from "./engine.ts";
import { engineError } from "./engine-error.ts";
import { followJob, type PlacedJob } from "./follow.ts";
import { containerName, jobContainer } from "./job-container.ts";
import { dockerJobs } from "./jobs.ts";
import { removeStale, tidies } from "./stale-jobs.ts";
import type { DockerPlan } from "./target.ts";

export interface DockerOptions {
  /** Where DOCKER_TLS_VERIFY and DOCKER_CERT_PATH are looked up. @default this process's */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** For whoever leaves in the middle. */
  readonly onPlaced?: OnPlaced;
}

/**
 * Runs jobs as containers on the Docker host of a plan, each in one of its own that outlives this launcher. The
 * container goes when its result was read; where the launcher is killed before that it stays, for `restorable attach`.
 */
export const dockerRunner =
  (plan: DockerPlan, { environment = process.env, onPlaced = () => undefined }: DockerOptions = {}): RunJob =>
  async (asked, run) => {
    refuseDirectory(asked);
    const { job, secrets } = filesHandedOver(asked, run.secrets, secretReader(run.secrets));
    const { host } = plan.target;
    const engine = connectEngine(host, environment);
    await checkHost(engine, plan, job);
    const jobs = dockerJobs(plan, environment);
    await refuseWhileAnotherRuns(jobs, job);
    if (tidies(job)) await removeStale(engine, await jobs.list(), new Date());
    const made = await makeVolumes(engine, plan, job);
    const placed = await place(engine, plan, job, runnerInput(job, secrets), run);
    const stopWith = `docker --host ${host} stop --time 120 ${containerName(plan, placed.id)}`;
    return untilItsEnd(
      { id: placed.id, stops: run.signal !== NEVER, stopWith },
      {
        onPlaced,
        follow: () => followJob(placed, run),
        remove: () => remove(placed, run.onProgress),
        end: () => remove(placed, run.onProgress),
        unmake: () => unmake(engine, plan, job, made),
      },
    );
  };

/** @throws JobError when nothing was started */
const place = async (
  engine: Docker,
  plan: DockerPlan,
  job: Job,
  input: string,
  { signal, onProgress }: RunOptions,
): Promise<PlacedJob> => {
  signal.throwIfAborted();
  const id = newJobId(job);
  const { host } = plan.target;
  const container = await engine.createContainer(jobContainer(plan, id, job)).catch((cause: unknown) => {
    throw engineError(host, "the container of a job could not be made", cause);
  });
  try {
    // Before the start, or the job could end before anybody hears it.
    const stdin = await container.attach({ stream: true, stdin: true, stdout: false, stderr: false, hijack: true });
    await container.start();
    await hand(stdin, input);
  } catch (cause) {
    await container.remove({ force: true }).catch(() => undefined);
    throw engineError(host, "the container of a job could not be started", cause);
  }
  say(onProgress, `${job.kind} runs on ${host} as job ${id}`);
  return { id, kind: job.kind, host, container };
};

/** Job and secrets, and then the end of stdin: the runner waits for that before it does anything. */
const hand = (stdin: NodeJS.ReadWriteStream, input: string): Promise<void> =>
  new Promise((resolve, reject) => {
    stdin.on("error", reject);
    stdin.resume();
    stdin.end(input, () => resolve());
  });

const remove = async ({ container, id }: PlacedJob, onProgress: RunOptions["onProgress"]): Promise<void> => {
  await container.remove({ force: true, v: true }).catch((error: Error) =>
    onProgress({
      type: "warning",
      at: new Date().toISOString(),
      text: `the container of job ${id} could not be removed: ${error.message.trim()}`,
    }),
  );
};

/** A volume that was made for a restore that came to nothing would be in the way of the next one. */
const unmake = async (engine: Docker, { target }: DockerPlan, job: Job, made: readonly string[]): Promise<void> => {
  if (job.kind !== "restore" || job.action !== "prepare") return;
  for (const name of made.filter((each) => each !== target.ledger))
    await engine
      .getVolume(name)
      .remove()
      .catch(() => undefined);
};

const say = (onProgress: (line: Progress) => void, text: string): void =>
  onProgress({ type: "step", at: new Date().toISOString(), step: "place", text });
