import { JobError, type RestoreJob, type RestoreRecord, type ResultOf } from "../../spec/index.ts";
import type { Act } from "./actions.ts";
import type { Application } from "./application.ts";
import { errorReport } from "./failed-record.ts";
import { type LaunchWorld, say, warn } from "./world.ts";

/**
 * The part of a restore during which the application is stopped. From the journal's `quiescing` on, the application is
 * started again whatever happens: every way out goes through `start`.
 */
export const replaceLive = async (act: Act, app: Application, world: LaunchWorld): Promise<RestoreRecord> => {
  try {
    await act("quiescing", { signal: world.signal });
  } catch (error) {
    return undo(act, world, error);
  }
  const outcome = await stopAndSwap(act, app, world);
  return resumeAndFinish(act, app, world, outcome);
};

/** What is known when the application may be started again. */
export interface Outcome {
  /** A record that the runner has already closed. */
  readonly record?: RestoreRecord;
  /** Why it is not as it was asked for. */
  readonly error?: unknown;
}

const stopAndSwap = async (act: Act, app: Application, world: LaunchWorld): Promise<Outcome> => {
  try {
    await app.stop();
    say(world, "swap", "swapping the restored data in; this is brought to its end even when interrupted");
    return withRecord(await act("swap"));
  } catch (error) {
    return recovered(act, world, error);
  }
};

/** Lets the runner undo or complete, whichever its journal says, and keeps why. */
const recovered = async (act: Act, world: LaunchWorld, error: unknown): Promise<Outcome> => {
  warn(world, `${errorReport(error).fact}; completing or undoing what was begun`);
  try {
    const failure = failureOf(error);
    return { ...withRecord(await act("recover", failure ? { failure } : {})), error };
  } catch (second) {
    const [first, then] = [errorReport(error), errorReport(second)];
    const fact = `${first.fact}; and then: ${then.fact}`;
    return {
      error: new JobError(
        "restore-failed",
        fact,
        "run `restorable resume` when the cause is gone: nothing is mixed, the journal knows how far it went",
      ),
    };
  }
};

/** Starts the application and closes the journal; the record says if it does not run. */
export const resumeAndFinish = async (
  act: Act,
  app: Application,
  world: LaunchWorld,
  { record, error }: Outcome,
): Promise<RestoreRecord> => {
  let notStarted: unknown;
  try {
    await app.start();
  } catch (failed) {
    notStarted = failed;
    warn(world, errorReport(failed).fact);
  }
  const cause = notStarted ?? error;
  if (record)
    return notStarted === undefined ? record : { ...record, ok: false, error: record.error ?? errorReport(notStarted) };
  const failure = failureOf(cause);
  try {
    return concluded(await act("finish", failure ? { failure } : {}));
  } catch (unfinished) {
    throw error ?? unfinished;
  }
};

/** Undoes what a restore did before anything was stopped, and answers with the record, or throws the cause. */
export const undo = async (act: Act, world: LaunchWorld, error: unknown): Promise<RestoreRecord> => {
  warn(world, `${errorReport(error).fact}; the application was not touched, removing the copy beside it`);
  const failure = failureOf(error);
  const { record } = await act("recover", failure ? { failure } : {}).catch(() => ({ record: undefined }));
  if (record) return record.error ? record : { ...record, ok: false, error: errorReport(error) };
  throw error;
};

export const withRecord = ({ record }: ResultOf<"restore">): Outcome => (record ? { record } : {});

export const concluded = ({ record, step }: ResultOf<"restore">): RestoreRecord => {
  if (record) return record;
  throw new JobError(
    "restore-failed",
    `the restore stands at '${step}' and is not finished`,
    "run `restorable resume`",
  );
};

const failureOf = (error: unknown): RestoreJob["failure"] => {
  if (!(error instanceof JobError)) return undefined;
  const { code, fact, hint } = error;
  return code === "quiesce-failed" || code === "probe-failed" || code === "interrupted"
    ? { code, fact, hint }
    : undefined;
};
