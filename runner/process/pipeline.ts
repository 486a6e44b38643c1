import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { pipeline as pump } from "node:stream/promises";
import { JobError } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import type { Invocation } from "./invocation.ts";

export interface PipelineOptions {
  /** Feeds the first process; without it, its stdin is empty. */
  readonly input?: Readable;
  /**
   * Takes the last process's stdout; without it, that is discarded. `succeeded` settles when every process has ended:
   * a consumer that publishes something waits for it, because the end of the bytes is no proof that they are all there.
   */
  readonly output?: (stdout: Readable, succeeded: Promise<void>) => Promise<void>;
}

export interface Finished {
  readonly file: string;
  readonly exit: number;
  readonly stderr: string;
}

/** Lines of stderr that are kept for an error message. */
const KEPT_LINES = 20;
/** Time between SIGTERM and SIGKILL when a pipeline is stopped, in milliseconds. */
const GRACE = 5_000;

/**
 * Runs programs as one pipe. Each hands its bytes to the next by file descriptor, so this process touches only the
 * first input and the last output. It succeeds only if every process does; if one fails the others are stopped.
 * @throws JobError `process-failed` (or what `explain` says) for the first process that failed, or the signal's reason
 */
export const runPipeline = async (
  context: Context,
  invocations: readonly Invocation[],
  options: PipelineOptions = {},
): Promise<readonly Finished[]> => {
  context.signal.throwIfAborted();
  const stages = spawnAll(context, invocations, options);
  const stop = () => {
    for (const { child } of stages) end(child);
  };
  context.signal.addEventListener("abort", stop, { once: true });
  try {
    return await settle(context, stages, options, stop);
  } finally {
    context.signal.removeEventListener("abort", stop);
  }
};

interface Stage {
  readonly invocation: Invocation;
  readonly child: ChildProcess;
  readonly done: Promise<Finished>;
}

const spawnAll = (
  context: Context,
  invocations: readonly Invocation[],
  { input, output }: PipelineOptions,
): Stage[] => {
  const stages: Stage[] = [];
  let upstream: Readable | undefined;
  invocations.forEach((invocation, index) => {
    const last = index === invocations.length - 1;
    const extra = invocation.inputs?.length ?? (invocation.onIndexLine ? 1 : 0);
    const child = spawn(invocation.file, [...invocation.args], {
      cwd: invocation.cwd,
      env: { ...context.env, ...invocation.env },
      stdio: [
        upstream ?? (input ? "pipe" : "ignore"),
        last && !output ? "ignore" : "pipe",
        "pipe",
        ...Array<"pipe">(extra).fill("pipe"),
      ],
    });
    // The child holds its own copy; ours must go, or the writer would never see that its reader died.
    upstream?.destroy();
    upstream = last ? undefined : (child.stdout ?? undefined);
    stages.push({ invocation, child, done: finish(child, invocation) });
  });
  return stages;
};

const finish = (child: ChildProcess, invocation: Invocation): Promise<Finished> => {
  const kept: string[] = [];
  if (child.stderr) {
    createInterface({ input: child.stderr }).on("line", (line) => {
      kept.push(line.length > 2_000 ? `${line.slice(0, 2_000)}…` : line);
      if (kept.length > KEPT_LINES) kept.shift();
      invocation.onErrorLine?.(line);
    });
  }
  feedDescriptors(child, invocation);
  return new Promise((resolve, reject) => {
    child.once("error", (cause: NodeJS.ErrnoException) =>
      reject(cause.code === "ENOENT" ? missingTool(invocation.file, cause) : cause),
    );
    child.once("close", (code, signal) => {
      resolve({
        file: invocation.file,
        exit: code ?? 128,
        stderr: [...kept, ...(signal ? [`ended by ${signal}`] : [])].join("\n"),
      });
    });
  });
};

const feedDescriptors = (child: ChildProcess, { inputs, onIndexLine }: Invocation): void => {
  inputs?.forEach((text, index) => {
    const stream = child.stdio[3 + index] as Writable;
    stream.on("error", () => undefined); // a process that ended without reading it says so by its exit code
    stream.end(text);
  });
  if (onIndexLine && !inputs) createInterface({ input: child.stdio[3] as Readable }).on("line", onIndexLine);
};

const settle = async (
  context: Context,
  stages: readonly Stage[],
  { input, output }: PipelineOptions,
  stop: () => void,
): Promise<Finished[]> => {
  const [first, last] = [stages[0] as Stage, stages.at(-1) as Stage];
  const failures: unknown[] = [];
  const guard = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      failures.push(error);
      stop();
      return undefined;
    }
  };
  const ends = stages.map(({ done, invocation }) => done.then((end) => judge(end, invocation)));
  const succeeded = Promise.all(ends).then(() => undefined);
  succeeded.catch(() => undefined); // each failure is collected below
  const work = [
    input && first.child.stdin ? guard(pump(input, first.child.stdin).catch(ignoreClosedPipe)) : undefined,
    output && last.child.stdout ? guard(output(last.child.stdout, succeeded)) : undefined,
  ];
  const finished = await Promise.all(ends.map(guard));
  await Promise.all(work);
  context.signal.throwIfAborted();
  const failure = firstCause(failures);
  if (failure !== undefined) throw failure;
  return finished.filter((end) => end !== undefined);
};

/** A reader that failed closes its pipe, and its writers then die of SIGPIPE: their deaths are consequences. */
const firstCause = (failures: readonly unknown[]): unknown =>
  failures.find((error) => !(error instanceof Stopped)) ?? failures[0];

class Stopped extends JobError {}

const judge = (end: Finished, invocation: Invocation): Finished => {
  if ((invocation.okExits ?? [0]).includes(end.exit)) return end;
  const explained = invocation.explain?.(end.exit, end.stderr);
  if (explained) throw explained;
  const text = `${end.file} ended with exit code ${end.exit}: ${end.stderr.split("\n").slice(-5).join(" | ") || "it said nothing"}`;
  const wasStopped = /ended by SIG(PIPE|TERM|KILL)$/.test(end.stderr) || /broken pipe/i.test(end.stderr);
  throw new (wasStopped ? Stopped : JobError)("process-failed", text, "read its message above; nothing was published");
};

const ignoreClosedPipe = (error: NodeJS.ErrnoException): void => {
  if (error.code !== "EPIPE" && error.code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
};

const missingTool = (file: string, cause: Error): JobError =>
  new JobError("missing-tool", `the program '${file}' is not on this machine's PATH`, `install it and run again`, {
    cause,
  });

const end = (child: ChildProcess): void => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), GRACE);
  timer.unref();
  child.once("close", () => clearTimeout(timer));
};
