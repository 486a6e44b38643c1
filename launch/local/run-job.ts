import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { type Job, JobError, neededSecrets, progress, type Result, result } from "../../spec/index.ts";
import type { RunJob, RunOptions, Secrets } from "../run-job.ts";
import { runnerEnvironment } from "./environment.ts";

export interface LocalOptions {
  /** The runner's program. @default `runner/main` beside this package's launcher */
  readonly runner?: string;
  /** What the runner's environment is made from. @default this process's */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

const RUNNER = path.resolve(import.meta.dirname, `../../runner/main${path.extname(import.meta.filename)}`);
/** Lines of stderr that are no progress and are kept for an error message. */
const KEPT_LINES = 10;

/**
 * Runs jobs on this machine, each as one child process in a session of its own: a closed terminal or a killed launcher
 * does not end it.
 */
export const localRunner =
  ({ runner = RUNNER, environment = process.env }: LocalOptions = {}): RunJob =>
  async (job, options) => {
    const secrets = handedOver(job, options.secrets);
    const names = [
      ...Object.keys(secrets),
      ...neededSecrets(job).flatMap((ref) => (ref.kind === "env" ? [ref.name] : [])),
    ];
    const child = spawn(process.execPath, [runner], {
      detached: true,
      env: runnerEnvironment(job, environment, names),
      stdio: "pipe",
    });
    // A runner that ended before it read everything says why by its result.
    child.stdin.on("error", () => undefined);
    child.stdin.end(`${JSON.stringify(job)}\n${JSON.stringify({ secrets })}\n`);
    return follow(child, job, options);
  };

/** Runs one job as a child process of this one. */
export const runLocal = (job: Job, options: RunOptions & LocalOptions): Promise<Result> =>
  localRunner(options)(job, options);

const handedOver = (job: Job, secrets: Secrets): Record<string, string> =>
  Object.fromEntries(
    neededSecrets(job).flatMap((ref) => {
      const value = ref.kind === "env" ? secrets[ref.name] : undefined;
      return ref.kind === "env" && value !== undefined ? [[ref.name, value]] : [];
    }),
  );

const follow = async (child: ChildProcess, job: Job, { signal, onProgress }: RunOptions): Promise<Result> => {
  const stop = () => child.kill("SIGTERM");
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    const others = followProgress(child.stderr as Readable, onProgress);
    const [output, end] = await Promise.all([text(child.stdout as Readable), ended(child)]);
    return readResult(output) ?? noResult(job, end, others);
  } finally {
    signal.removeEventListener("abort", stop);
  }
};

const followProgress = (stderr: Readable, onProgress: RunOptions["onProgress"]): readonly string[] => {
  const others: string[] = [];
  createInterface({ input: stderr }).on("line", (line) => {
    const parsed = progress.safeParse(fromJson(line));
    if (parsed.success) return onProgress(parsed.data);
    others.push(line.slice(0, 2_000));
    if (others.length > KEPT_LINES) others.shift();
  });
  return others;
};

const ended = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(signal === null ? `with exit code ${code}` : `by ${signal}`));
  });

const readResult = (output: string): Result | undefined => {
  const parsed = result.safeParse(fromJson(output.trimEnd().split("\n").at(-1) ?? ""));
  return parsed.success ? parsed.data : undefined;
};

const fromJson = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
};

const noResult = (job: Job, end: string, others: readonly string[]): never => {
  throw new JobError(
    "process-failed",
    `the ${job.kind} job ended ${end} without a result${others.length > 0 ? `: ${others.join(" | ")}` : ""}`,
    "run the same again: what it had begun is completed or undone then",
  );
};
