import { setTimeout as pause } from "node:timers/promises";
import type Docker from "dockerode";
import { JobError, type Result } from "../../spec/index.ts";
import { type LogPosition, logPosition, unixTime } from "../log-position.ts";
import { patiently as askPatiently } from "../patiently.ts";
import type { RunOptions } from "../run-job.ts";
import { LINGER_SECONDS, noResult, type RunnerLines, readResult, runnerLines } from "../runner-output.ts";
import { isConnectionError, isRefusal, unreachable } from "./engine-error.ts";
import { logFrames } from "./log-frames.ts";

/** A job's container, as it was placed or found. */
export interface PlacedJob {
  readonly id: string;
  /** What kind of job it is, for messages. */
  readonly kind: string;
  readonly host: string;
  readonly container: Docker.Container;
}

/** Milliseconds between the end of a log and the end of its container. */
const LOOK_EVERY = 200;

interface FollowOptions extends Pick<RunOptions, "onProgress" | "signal"> {
  /** Seconds that the container may still run after the job has said its result; then it is killed. @default 30 */
  readonly lingerSeconds?: number;
}

/**
 * Follows a container to its end and answers with what the job said. The container stays.
 * @throws JobError `engine-unreachable` when the engine stays away, `process-failed` when the job said nothing
 */
export const followJob = async (
  job: PlacedJob,
  { onProgress, signal, lingerSeconds = LINGER_SECONDS }: FollowOptions,
): Promise<Result> => {
  const lines = runnerLines(onProgress);
  const guard = lingerGuard(job, lingerSeconds);
  const reader: Reader = { lines, position: logPosition(), onOutput: guard.heard };
  const state = await whenEnded(job, reader, signal).finally(guard.stop);
  const result = readResult(await patiently(job, () => output(job)));
  if (result) return result;
  throw withoutResult(job, state, lines.others);
};

type State = Docker.ContainerInspectInfo["State"];

/** Who reads the log of a job, over all connections that it takes. */
interface Reader {
  readonly lines: RunnerLines;
  /** In what the job says on stderr. */
  readonly position: LogPosition;
  /** Called when a line of stdout is there. */
  readonly onOutput: () => void;
}

/**
 * A result is the last thing that a runner says. Node was seen to hang for ever in its own exit after that
 * (nodejs/node#54918), which must not hold up a restore whose application is stopped.
 */
const lingerGuard = (job: PlacedJob, seconds: number) => {
  let timer: NodeJS.Timeout | undefined;
  const end = async () => {
    if (readResult(await output(job))) await job.container.kill({ signal: "SIGKILL" });
  };
  return {
    heard: () => {
      clearTimeout(timer);
      // Refused where it has just ended; where the connection is gone, the line is heard again with the next one.
      timer = setTimeout(() => end().catch(() => undefined), seconds * 1000);
    },
    stop: () => clearTimeout(timer),
  };
};

const whenEnded = async (job: PlacedJob, reader: Reader, signal: AbortSignal): Promise<State> => {
  for (let told = false; ; ) {
    const isTold = await untilLogEnds(job, reader, signal, told);
    told ||= isTold;
    const { State: state } = await patiently(job, () => job.container.inspect());
    if (!state.Running && state.Status !== "created") return state;
    await pause(LOOK_EVERY);
  }
};

/** Reads the log until the container ends or the connection breaks; answers whether the job was told to stop. */
const untilLogEnds = async (job: PlacedJob, reader: Reader, signal: AbortSignal, told: boolean): Promise<boolean> => {
  let isTold = told;
  const stop = () => {
    if (isTold) return;
    // Refused where it has just ended; where the connection is gone it is tried again with the next one.
    job.container.kill({ signal: "SIGTERM" }).then(
      () => {
        isTold = true;
      },
      () => undefined,
    );
  };
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await readLog(job, reader);
  } catch (error) {
    if (!isConnectionError(error)) throw gone(job, error);
  } finally {
    signal.removeEventListener("abort", stop);
  }
  return isTold;
};

/** Progress is read from stderr; that there is a result is heard here, and it is read when it is whole. */
const readLog = async ({ container }: PlacedJob, { lines, position, onOutput }: Reader): Promise<void> => {
  const last = position.last();
  position.reconnect();
  const options = { follow: true, stdout: true, stderr: true, timestamps: true } as const;
  const stream = await container.logs({ ...options, ...(last === "" ? {} : { since: unixTime(last) }) });
  const frames = logFrames();
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    for (const frame of frames(chunk as Buffer)) {
      if (frame.from === "stdout") {
        if (frame.text.at(-1) === 10) onOutput();
        continue;
      }
      if (!position.take(frame)) continue;
      rest = Buffer.concat([rest, frame.text]);
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        lines.add(rest.subarray(0, end).toString("utf8"));
        rest = rest.subarray(end + 1);
      }
    }
  }
};

const output = async ({ container }: PlacedJob): Promise<string> => {
  const log = await container.logs({ follow: false, stdout: true, stderr: false, timestamps: true });
  const frames = logFrames()(log);
  return Buffer.concat(frames.map(({ text }) => text)).toString("utf8");
};

/** Asks again while the engine is away. */
const patiently = <T>(job: PlacedJob, ask: () => Promise<T>): Promise<T> =>
  askPatiently(
    {
      mayPass: isConnectionError,
      away: (error) => away(job, error),
      refused: (error) => gone(job, error),
    },
    ask,
  );

const away = ({ id, host }: PlacedJob, error: unknown): JobError => {
  const { fact } = unreachable(host, error);
  const hint = `the job '${id}' goes on there or has ended: \`restorable attach ${id}\` gets its result`;
  return new JobError("engine-unreachable", fact, hint, { cause: error });
};

const gone = ({ id, host, kind }: PlacedJob, error: unknown): unknown =>
  isRefusal(error, 404)
    ? new JobError(
        "process-failed",
        `the container of the ${kind} job '${id}' was removed on ${host} before its result was read`,
        "run the same again: what it had begun is completed or undone then",
        { cause: error },
      )
    : error;

const withoutResult = ({ kind, host }: PlacedJob, state: State, others: readonly string[]): JobError => {
  if (state.OOMKilled) {
    const fact = `the ${kind} job on ${host} used more memory than it may and was killed`;
    return new JobError("process-failed", fact, "give the plan's target more memory, and run the same again");
  }
  if (others.some((line) => /exec format error/i.test(line))) {
    const fact = `the runner's image on ${host} is for another platform: ${others.at(-1)}`;
    return new JobError("wrong-version", fact, "build or pull it for the platform of this host; nothing was touched");
  }
  return noResult(
    kind,
    state.ExitCode > 128 ? `by signal ${state.ExitCode - 128}` : `with exit code ${state.ExitCode}`,
    others,
  );
};
