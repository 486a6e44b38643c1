import { type Job, JobError, type Progress, progress, type Result, result } from "../spec/index.ts";

/** Lines of stderr that are no progress and are kept for an error message. */
const KEPT_LINES = 10;

/** Seconds that a runner may still live after it has said its result; then it is killed. */
export const LINGER_SECONDS = 30;

/** What a runner writes to stderr, line by line. */
export interface RunnerLines {
  readonly add: (line: string) => void;
  /** The last lines that were no progress. */
  readonly others: readonly string[];
}

export const runnerLines = (onProgress: (line: Progress) => void): RunnerLines => {
  const others: string[] = [];
  return {
    others,
    add: (line) => {
      const parsed = progress.safeParse(fromJson(line));
      if (parsed.success) return onProgress(parsed.data);
      others.push(line.slice(0, 2_000));
      if (others.length > KEPT_LINES) others.shift();
    },
  };
};

/** The result that a runner printed, in the last line of its stdout. */
export const readResult = (output: string): Result | undefined => {
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

/** @param end how it ended: `with exit code 1`, `by SIGKILL` */
export const noResult = (kind: Job["kind"] | string, end: string, others: readonly string[]): JobError =>
  new JobError(
    "process-failed",
    `the ${kind} job ended ${end} without a result${others.length > 0 ? `: ${others.join(" | ")}` : ""}`,
    "run the same again: what it had begun is completed or undone then",
  );
