import { mayPass, type RunEnd } from "./one-run.ts";

/** Seconds until a failed run is tried again, where that may help: longer than the lease of a run that was killed. */
const TRY_AGAIN = [120, 600, 1800];

/**
 * When a run that has failed so many times is tried again; undefined where that cannot help, or was done often enough.
 */
export const tryAgainAt = (end: RunEnd, failures: number, now: Date): Date | undefined => {
  const seconds = mayPass(end) ? TRY_AGAIN[failures - 1] : undefined;
  return seconds === undefined ? undefined : new Date(now.getTime() + seconds * 1000);
};

/** Why a run failed, for its log. */
export const failedText = ({ error }: RunEnd): string => `the run failed: ${error?.fact}; ${error?.hint}`;
