import {
  ERROR_CODES,
  type ErrorCode,
  JobError,
  type RestoreJob,
  type RestoreRecord,
  type ResultOf,
} from "../../spec/index.ts";
import type { Act } from "./actions.ts";
import { errorReport } from "./failed-record.ts";
import { type LaunchWorld, warn } from "./world.ts";

/** What is known when the application may be started again. */
export interface Outcome {
  /** A record that the runner has already closed. */
  readonly record?: RestoreRecord;
  /** The journal still says that the application may be stopped. */
  readonly stopped?: true;
  /** Why it is not as it was asked for. */
  readonly error?: unknown;
}

/** How often and how many seconds apart a recovery is tried whose failure may pass. */
const TRIES = 4;
const EVERY = 5;

/**
 * Lets the runner undo or complete, whichever its journal says; tries again where that can help.
 * @throws JobError `busy` while the restore's process lives, or why neither was possible: then the data may be half old
 * and half new, and the application must not be started on them
 */
export const recover = async (act: Act, world: LaunchWorld, why: string, cause?: unknown): Promise<Outcome> => {
  warn(world, `${why}; completing or undoing what was begun`);
  const failure = failureOf(cause);
  const deadline = world.now().getTime() + ((world.orphans?.leaseSeconds ?? 0) + EVERY) * 1000;
  for (let tries = 1; ; ) {
    try {
      return closedRecord(await act("recover", failure ? { failure } : {}));
    } catch (error) {
      const left = await isLeftLease(error, world, deadline);
      if (!left && (!mayPass(error) || tries === TRIES)) throw error;
      if (!left) tries += 1;
      warn(
        world,
        `${errorReport(error).fact}; ${left ? "that job is gone, so its lease is waited for" : "trying again"}`,
      );
      await world.wait(EVERY);
    }
  }
};

/** A killed container cannot give its lease back, and the next one cannot see that it is gone; the engine can. */
const isLeftLease = async (error: unknown, { orphans, now }: LaunchWorld, deadline: number): Promise<boolean> =>
  orphans !== undefined &&
  error instanceof JobError &&
  error.code === "busy" &&
  now().getTime() < deadline &&
  (await orphans.running()) === undefined;

/** Whoever says so has already waited as long as it helps. */
const WAITED_FOR: readonly ErrorCode[] = ["busy", "cannot-start"];

const mayPass = (error: unknown): boolean =>
  error instanceof JobError && !WAITED_FOR.includes(error.code) && ERROR_CODES[error.code].retry;

/** A journal at these steps is closed. A record alone says nothing: a rolled-back restore still has its first one. */
export const isOver = (step: string): boolean => step === "finished" || step === "undone" || step === "rolled-back";

export const closedRecord = ({ record, step, stopped }: ResultOf<"restore">): Outcome =>
  record && isOver(step) ? { record, ...(stopped ? { stopped } : {}) } : {};

/** The launcher's own failures, as the journal takes them. */
export const failureOf = (error: unknown): RestoreJob["failure"] => {
  if (!(error instanceof JobError)) return undefined;
  const { code, fact, hint } = error;
  return code === "quiesce-failed" || code === "probe-failed" || code === "interrupted"
    ? { code, fact, hint }
    : undefined;
};
