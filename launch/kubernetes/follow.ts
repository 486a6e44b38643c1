import { setTimeout as pause } from "node:timers/promises";
import { JobError, type Progress, type Result } from "../../spec/index.ts";
import { type LogPosition, logPosition } from "../log-position.ts";
import { patiently } from "../patiently.ts";
import type { RunOptions } from "../run-job.ts";
import { LINGER_SECONDS, noResult, type RunnerLines, readResult, runnerLines } from "../runner-output.ts";
import type { Cluster } from "./cluster.ts";
import { clusterError, isRefusal, mayPass, unreachable } from "./cluster-error.ts";
import { CONTAINER, GRACE } from "./job-object.ts";
import { podLog } from "./pod-log.ts";
import { type Ended, type PodState, podState } from "./pod-state.ts";

/** A job in a cluster, as it was placed or found. */
export interface PlacedJob {
  readonly id: string;
  /** What kind of job it is, for messages. */
  readonly kind: string;
  readonly cluster: Cluster;
  /** Of the Job. */
  readonly name: string;
}

export interface FollowOptions extends Pick<RunOptions, "onProgress" | "signal"> {
  /** Seconds that the container may still run after the job has said its result. @default 30 */
  readonly lingerSeconds?: number;
  /** Seconds that something may be in the way of the pod's start before that is the end of it. @default 60 */
  readonly patienceSeconds?: number;
  /** Called once its container runs, or has run. */
  readonly onStarted?: () => Promise<void>;
}

/** Milliseconds between two looks at a pod. */
const LOOK_EVERY = 500;
/** Seconds until the start of a pod in whose way nothing is: large images take minutes. */
const STARTING = 900;

/**
 * Follows a job to its end and answers with what it said. The Job stays.
 * @throws JobError `engine-unreachable` when the cluster stays away; `cannot-start`, `missing-image` when it certainly
 * never ran; `process-failed` when it said nothing
 */
export const followJob = async (job: PlacedJob, options: FollowOptions): Promise<Result> => {
  const { onProgress, signal, lingerSeconds = LINGER_SECONDS, onStarted = async () => undefined } = options;
  const started = await whenStarted(job, options);
  await onStarted();
  const reader = newReader(job, onProgress, lingerSeconds);
  const stop = () => void tellToStop(job, started.pod, onProgress);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    const how = await readToEnd(job, started, reader);
    const result = reader.result();
    if (result) return result;
    throw withoutResult(job, how, reader.lines.others);
  } finally {
    signal.removeEventListener("abort", stop);
    reader.close();
  }
};

type Started = Extract<PodState, { kind: "runs" | "ended" }>;

const whenStarted = async (
  job: PlacedJob,
  { signal, onProgress, patienceSeconds = 60 }: FollowOptions,
): Promise<Started> => {
  const began = performance.now();
  let inTheWay: { readonly why: string; readonly since: number } | undefined;
  for (;;) {
    const state = await look(job);
    if (state.kind === "runs" || state.kind === "ended") return state;
    if (state.kind === "gone") throw gone(job, state.why);
    signal.throwIfAborted();
    const now = performance.now();
    if (state.why === undefined) inTheWay = undefined;
    else if (inTheWay === undefined) {
      inTheWay = { why: state.why, since: now };
      warn(onProgress, `the pod of job ${job.id} does not start yet: ${state.why}`);
    }
    if (inTheWay && now - inTheWay.since >= patienceSeconds * 1000) throw cannotStart(job, state.why ?? inTheWay.why);
    if (now - began >= STARTING * 1000)
      throw cannotStart(job, `its container did not run after ${STARTING / 60} minutes`);
    await pause(LOOK_EVERY);
  }
};

const look = (job: PlacedJob): Promise<PodState> =>
  asking(job, async () => {
    const { cluster, name } = job;
    return podState(cluster, await cluster.batch.readNamespacedJob({ namespace: cluster.namespace, name }));
  });

const asking = <T>(job: PlacedJob, ask: () => Promise<T>): Promise<T> =>
  patiently(
    {
      mayPass,
      away: (error) => away(job, error),
      refused: (error) =>
        isRefusal(error, 404) ? gone(job) : clusterError(job.cluster, `job '${job.id}' could not be looked at`, error),
    },
    ask,
  );

/** Who reads the log of a job, over all connections that it takes. */
interface Reader {
  readonly position: LogPosition;
  readonly lines: RunnerLines;
  readonly add: (line: string) => void;
  readonly result: () => Result | undefined;
  /** Aborted when the container hangs after its last word. */
  readonly hangs: AbortSignal;
  readonly close: () => void;
}

/** A result is the last thing that a runner says; Node was seen to hang for ever in its own exit after that. */
const newReader = (job: PlacedJob, onProgress: (line: Progress) => void, lingerSeconds: number): Reader => {
  const lines = runnerLines(onProgress);
  const hangs = new AbortController();
  let result: Result | undefined;
  let timer: NodeJS.Timeout | undefined;
  return {
    position: logPosition(),
    lines,
    add: (line) => {
      const said = readResult(line);
      if (!said) return lines.add(line);
      result = said;
      timer = setTimeout(() => hangs.abort(new Error(`job ${job.id} hangs in its exit`)), lingerSeconds * 1000);
    },
    result: () => result,
    hangs: hangs.signal,
    close: () => clearTimeout(timer),
  };
};

/** Reads the log over broken connections until its container has ended; then once more, for its last lines. */
const readToEnd = async (job: PlacedJob, started: Started, reader: Reader): Promise<Ended> => {
  let state: PodState = started;
  for (;;) {
    const isLast = state.kind === "ended";
    await readLog(job, started.pod, reader, !isLast);
    if (reader.hangs.aborted) return { reason: "hangs", message: "" };
    if (state.kind === "ended") return state.how;
    state = await look(job);
    if (state.kind === "gone" && reader.result()) return { reason: "gone", message: "" };
    if (state.kind === "gone") throw gone(job, state.why);
    if (state.kind !== "ended") await pause(LOOK_EVERY / 2);
  }
};

const readLog = async (
  job: PlacedJob,
  pod: string,
  { position, add, hangs }: Reader,
  follow: boolean,
): Promise<void> => {
  const { cluster } = job;
  const since = position.last();
  position.reconnect();
  try {
    for await (const line of podLog(cluster, { pod, container: CONTAINER, follow, since, signal: hangs })) {
      if (position.take(line)) add(line.text);
    }
  } catch (error) {
    // Whether it is gone, or only its log, is seen by the next look at the pod.
    if (hangs.aborted || mayPass(error) || isRefusal(error, 400, 404)) return;
    throw clusterError(cluster, `the log of job '${job.id}' could not be read`, error);
  }
};

/** A pod that is deleted is told to end first; what it says then is still heard. */
const tellToStop = async (job: PlacedJob, pod: string, onProgress: (line: Progress) => void): Promise<void> => {
  const { namespace, core } = job.cluster;
  warn(onProgress, `job ${job.id} is told to stop; it goes to a safe state first, in at most ${GRACE} s`);
  await core
    .deleteNamespacedPod({ namespace, name: pod, gracePeriodSeconds: GRACE })
    .catch((error: Error) =>
      warn(onProgress, `job ${job.id} could not be told to stop: ${error.message.split("\n")[0]}`),
    );
};

const warn = (onProgress: (line: Progress) => void, text: string): void =>
  onProgress({ type: "warning", at: new Date().toISOString(), text });

const cannotStart = ({ kind, id, cluster }: PlacedJob, why: string): JobError =>
  new JobError(
    "cannot-start",
    `the pod of the ${kind} job '${id}' cannot start in ${cluster.text}: ${why}`,
    "correct what the cluster names and run the same again; this job never ran",
  );

const away = ({ id, cluster }: PlacedJob, error: unknown): JobError => {
  const { fact } = unreachable(cluster, error);
  const hint = `the job '${id}' goes on there or has ended: \`restorable attach ${id}\` gets its result`;
  return new JobError("engine-unreachable", fact, hint, { cause: error });
};

const AGAIN = "run the same again: what it had begun is completed or undone then";

const gone = ({ id, kind, cluster }: PlacedJob, why?: string): JobError =>
  new JobError(
    "process-failed",
    `the pod of the ${kind} job '${id}' was deleted in ${cluster.text} before its result was read${why === undefined ? "" : ` (${why})`}`,
    AGAIN,
  );

const withoutResult = (
  { kind, cluster }: PlacedJob,
  { reason, message, exit }: Ended,
  others: readonly string[],
): JobError => {
  if (reason === "OOMKilled") {
    const fact = `the ${kind} job in ${cluster.text} used more memory than it may and was killed`;
    return new JobError("process-failed", fact, "give the plan's target more memory, and run the same again");
  }
  if (exit === undefined || reason === "Evicted") {
    const fact = `the pod of the ${kind} job was ended by ${cluster.text} (${reason}): ${message}`;
    return new JobError("process-failed", fact, AGAIN);
  }
  if (others.some((line) => /exec format error/i.test(line))) {
    const fact = `the runner's image is for another platform than the node: ${others.at(-1)}`;
    return new JobError("wrong-version", fact, "build it for the platform of the nodes; nothing was touched");
  }
  return noResult(kind, exit > 128 ? `by signal ${exit - 128}` : `with exit code ${exit}`, others);
};
