import type { Job, Progress, Result } from "../spec/index.ts";

/** Values of secrets by the name that a SecretRef of kind `env` gives. */
export type Secrets = Readonly<Record<string, string | undefined>>;

export interface RunOptions {
  /** Where values of secrets are looked up; only those that the job names are handed over. */
  readonly secrets: Secrets;
  /** Called with every line of progress. */
  readonly onProgress: (progress: Progress) => void;
  /** Aborted: the job is told once to stop, and then waited for. Its reason is a JobError. */
  readonly signal: AbortSignal;
}

/**
 * Places one job on a target, follows it to its end and returns what it says. A job that failed is a result, too.
 * Rejects only when the job could not be placed or ended without a result.
 */
export type RunJob = (job: Job, options: RunOptions) => Promise<Result>;
