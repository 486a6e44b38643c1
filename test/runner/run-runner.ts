import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { killLingering } from "../../runner/process/kill-lingering.ts";
import { type Job, type Progress, type Result, result as resultSchema } from "../../spec/index.ts";
import { compileCache } from "../../tools/servers/pulumi-environment.ts";
import { checkout, tools } from "../../tools/servers/tools.ts";

export interface RunnerRun {
  readonly pid: number;
  readonly progress: readonly Progress[];
  /** The last line of stdout, parsed; undefined when the process was killed before. */
  readonly ended: Promise<{
    readonly result: Result | undefined;
    readonly exit: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly stdout: string;
    readonly stderr: string;
  }>;
  readonly kill: (signal: NodeJS.Signals) => void;
}

/** Starts the real runner as a process of its own and hands it a job, the way a launcher does. */
export function startRunner(
  job: Job,
  secrets: Readonly<Record<string, string>>,
  onProgress: (line: Progress) => void = () => undefined,
  env: NodeJS.ProcessEnv = {},
): RunnerRun {
  const { postgresBin, age, restic } = tools();
  const found = restic === undefined ? [] : [path.dirname(restic)];
  const PATH = [...found, path.dirname(age), postgresBin, process.env.PATH].join(path.delimiter);
  const child = spawn(process.execPath, [path.join(checkout, "runner/main.ts")], {
    stdio: "pipe",
    env: { PATH, HOME: process.env.HOME, NODE_COMPILE_CACHE: compileCache, ...env },
  });
  killLingering(child);
  child.stdin.on("error", () => undefined);
  child.stdin.end(`${JSON.stringify(job)}\n${JSON.stringify({ secrets })}\n`);
  const progress: Progress[] = [];
  let stderr = "";
  createInterface({ input: child.stderr }).on("line", (line) => {
    stderr += `${line}\n`;
    if (!line.startsWith("{")) return;
    const parsed = JSON.parse(line) as Progress;
    progress.push(parsed);
    onProgress(parsed);
  });
  const stdout = text(child.stdout);
  const ended = new Promise<Awaited<RunnerRun["ended"]>>((resolve) => {
    child.once("close", async (exit, signal) => {
      const printed = await stdout;
      resolve({
        result: printed.trim() === "" ? undefined : resultSchema.parse(JSON.parse(printed)),
        exit,
        signal,
        stdout: printed,
        stderr,
      });
    });
  });
  return { pid: child.pid ?? -1, progress, ended, kill: (signal) => child.kill(signal) };
}

/** Runs a job to its end. */
export async function runRunner(job: Job, secrets: Readonly<Record<string, string>>): Promise<Result> {
  const { result, stderr } = await startRunner(job, secrets).ended;
  if (!result) throw new Error(`the runner printed no result:\n${stderr}`);
  return result;
}
