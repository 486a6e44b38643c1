import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { type Job, neededSecrets, type Result } from "../../spec/index.ts";
import { handedOver, runnerInput } from "../hand-over.ts";
import type { RunJob, RunOptions } from "../run-job.ts";
import { LINGER_SECONDS, noResult, readResult, runnerLines } from "../runner-output.ts";
import { runnerEnvironment } from "./environment.ts";

export interface LocalOptions {
  /** The runner's program. @default `runner/main` beside this package's launcher */
  readonly runner?: string;
  /** What the runner's environment is made from. @default this process's */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Seconds that a runner may still live after it has said its result; then it is killed. @default 30 */
  readonly lingerSeconds?: number;
}

const RUNNER = path.resolve(import.meta.dirname, `../../runner/main${path.extname(import.meta.filename)}`);

/**
 * Runs jobs on this machine, each as one child process in a session of its own: a closed terminal or a killed launcher
 * does not end it.
 */
export const localRunner =
  ({ runner = RUNNER, environment = process.env, lingerSeconds = LINGER_SECONDS }: LocalOptions = {}): RunJob =>
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
    child.stdin.end(runnerInput(job, secrets));
    killLingering(child, lingerSeconds);
    return follow(child, job, options);
  };

/** Runs one job as a child process of this one. */
export const runLocal = (job: Job, options: RunOptions & LocalOptions): Promise<Result> =>
  localRunner(options)(job, options);

/**
 * A result is the last thing that a runner says. Node was seen to hang for ever in its own exit after that, which must
 * not hold up a restore whose application is stopped.
 */
const killLingering = (child: ChildProcess, seconds: number): void => {
  let said = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    said += chunk;
    if (!said.endsWith("\n") || !readResult(said)) return;
    const timer = setTimeout(() => child.kill("SIGKILL"), seconds * 1000);
    child.once("close", () => clearTimeout(timer));
  });
};

const follow = async (child: ChildProcess, job: Job, { signal, onProgress }: RunOptions): Promise<Result> => {
  const stop = () => child.kill("SIGTERM");
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    const lines = runnerLines(onProgress);
    createInterface({ input: child.stderr as Readable }).on("line", lines.add);
    const [output, end] = await Promise.all([text(child.stdout as Readable), ended(child)]);
    const said = readResult(output);
    if (!said) throw noResult(job.kind, end, lines.others);
    return said;
  } finally {
    signal.removeEventListener("abort", stop);
  }
};

const ended = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(signal === null ? `with exit code ${code}` : `by ${signal}`));
  });
