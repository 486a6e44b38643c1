import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { type Failure, type Job, neededSecrets, type Result, result as resultSchema } from "../../spec/index.ts";
import { killLingering } from "../process/kill-lingering.ts";

export interface ChildOptions {
  /** The runner's program. */
  readonly main: string;
  readonly secrets: Readonly<Record<string, string>>;
  readonly now: () => Date;
  /** Takes every line of progress, and every result. */
  readonly onStderr: (line: string) => void;
  readonly onStdout: (line: string) => void;
  /** Seconds that a job may still live after it has said its result. @default 30 */
  readonly lingerSeconds?: number;
}

/** Lines of stderr that are no progress and are kept for an error message. */
const KEPT = 5;

/**
 * Runs each job as a process of its own, so that a job that runs out of memory or hangs in a library ends alone. It is
 * told on stdin, with only the secrets that it needs.
 */
export const childRunner =
  ({ main, secrets, now, onStderr, onStdout, lingerSeconds }: ChildOptions) =>
  async (job: Job, signal: AbortSignal): Promise<Result> => {
    const started = now();
    const child = spawn(process.execPath, [main], { stdio: "pipe" });
    const stop = () => child.kill("SIGTERM");
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    const others: string[] = [];
    createInterface({ input: child.stderr }).on("line", (line) => {
      onStderr(line);
      if (!line.startsWith("{")) others.push(line);
    });
    // A job that ended before it read everything says why by its result.
    child.stdin.on("error", () => undefined);
    killLingering(child, lingerSeconds);
    child.stdin.end(`${JSON.stringify(job)}\n${JSON.stringify({ secrets: needed(job, secrets) })}\n`);
    try {
      const [printed, [code, by]] = await Promise.all([text(child.stdout), once(child, "close")]);
      const result = parsed(printed);
      if (!result) return lost(job, started, now(), by ?? `exit code ${code}`, others.slice(-KEPT));
      onStdout(printed.trimEnd());
      return result;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  };

const needed = (job: Job, secrets: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    neededSecrets(job).flatMap((ref) => {
      const value = ref.kind === "env" ? secrets[ref.name] : undefined;
      return ref.kind === "env" && value !== undefined ? [[ref.name, value]] : [];
    }),
  );

const parsed = (printed: string): Result | undefined => {
  try {
    return resultSchema.parse(JSON.parse(printed));
  } catch {
    return undefined;
  }
};

const lost = ({ kind }: Job, started: Date, finished: Date, end: string, lines: readonly string[]): Failure => ({
  version: 1,
  ok: false,
  kind,
  started: started.toISOString(),
  finished: finished.toISOString(),
  error: {
    code: "process-failed",
    fact: `the ${kind} ended without a result (${end})${lines.length > 0 ? `: ${lines.join(" | ")}` : ""}`,
    hint: "SIGKILL means that it needed more memory than it may use: give the target more",
  },
});
