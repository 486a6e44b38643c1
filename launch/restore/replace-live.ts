import { JobError, type RestoreRecord, type ResultOf } from "../../spec/index.ts";
import type { Act } from "./actions.ts";
import type { Application } from "./application.ts";
import { errorReport } from "./failed-record.ts";
import { closedRecord, failureOf, type Outcome, recover } from "./recover.ts";
import { type LaunchWorld, say, warn } from "./world.ts";

/**
 * The part of a restore during which the application is stopped. From the journal's `quiescing` on, the application is
 * started again whatever happens; the one exception is a swap that could be neither completed nor undone.
 */
export const replaceLive = async (act: Act, app: Application, world: LaunchWorld): Promise<RestoreRecord> => {
  let quiesced: readonly string[];
  try {
    quiesced = await running(app);
    await act("quiescing", { quiesced, signal: world.signal });
  } catch (error) {
    return undo(act, world, error);
  }
  try {
    await app.stop(quiesced);
  } catch (error) {
    return resumeAndFinish(act, app, world, quiesced, await undoStopped(act, world, error));
  }
  return resumeAndFinish(act, app, world, quiesced, await swap(act, app, world, quiesced));
};

/** The journal has one word for all that goes wrong with stopping. */
const running = async (app: Application): Promise<readonly string[]> => {
  try {
    return await app.running();
  } catch (error) {
    if (!(error instanceof JobError)) throw error;
    throw new JobError("quiesce-failed", error.fact, error.hint, { cause: error });
  }
};

const swap = async (act: Act, app: Application, world: LaunchWorld, quiesced: readonly string[]): Promise<Outcome> => {
  say(world, "swap", "swapping the restored data in; this is brought to its end even when interrupted");
  try {
    if (app.isEmptied(quiesced)) {
      await act("emptying");
      await app.empty(quiesced);
    }
    return closedRecord(await act("swap"));
  } catch (error) {
    return settleSwap(act, world, error);
  }
};

const settleSwap = async (act: Act, world: LaunchWorld, error: unknown): Promise<Outcome> => {
  try {
    return { ...(await recover(act, world, errorReport(error).fact, error)), error };
  } catch (second) {
    if (neverRan(error) && neverRan(second)) {
      warn(world, `${errorReport(second).fact}; nothing was swapped, so the application is started on its old data`);
      return { error };
    }
    throw new JobError(
      "restore-failed",
      `${errorReport(error).fact}; and then: ${errorReport(second).fact}; the application stays stopped, because its data may be half old and half new`,
      "run `restorable resume` when the cause is gone: it completes the swap or takes it back, and starts the application",
      { cause: second },
    );
  }
};

/** Errors of a target that say for certain that a job did nothing. */
const neverRan = (error: unknown): boolean =>
  error instanceof JobError && (error.code === "cannot-start" || error.code === "missing-image");

/** Before the swap the live data are whole, so the application is started even if the copy could not be removed. */
const undoStopped = async (act: Act, world: LaunchWorld, error: unknown): Promise<Outcome> => {
  try {
    return { ...(await recover(act, world, errorReport(error).fact, error)), error };
  } catch (second) {
    warn(world, errorReport(second).fact);
    return { error };
  }
};

/** Starts the application and closes the journal; the record says if it does not run. */
export const resumeAndFinish = async (
  act: Act,
  app: Application,
  world: LaunchWorld,
  quiesced: readonly string[],
  { record, error, stopped }: Outcome,
): Promise<RestoreRecord> => {
  let notStarted: unknown;
  try {
    await app.start(quiesced);
  } catch (failed) {
    notStarted = failed;
    warn(world, errorReport(failed).fact);
  }
  if (record && stopped) await noteStarted(act, world);
  if (record) return withFailure(record, notStarted);
  const failure = failureOf(notStarted);
  try {
    return concluded(await act("finish", failure ? { failure } : {}));
  } catch (unfinished) {
    throw error ?? unfinished;
  }
};

/** Until this is in the journal, everybody who comes for this restore starts the application once more. */
export const noteStarted = async (act: Act, world: LaunchWorld): Promise<void> => {
  await act("finish").catch((error: unknown) => warn(world, errorReport(error).fact));
};

const withFailure = (record: RestoreRecord, error: unknown): RestoreRecord =>
  error === undefined ? record : { ...record, ok: false, error: record.error ?? errorReport(error) };

/** Undoes what a restore did before anything was stopped, and answers with the record, or throws the cause. */
export const undo = async (act: Act, world: LaunchWorld, error: unknown): Promise<RestoreRecord> => {
  let record: RestoreRecord | undefined;
  try {
    const outcome = await recover(act, world, `${errorReport(error).fact}; the application was not touched`, error);
    // Interrupted just after the journal said that the application is about to be stopped.
    if (outcome.stopped) await noteStarted(act, world);
    ({ record } = outcome);
  } catch (second) {
    warn(world, `what was begun could not be removed: ${errorReport(second).fact}`);
  }
  if (!record) throw error;
  return record.ok ? withFailure(record, error) : record;
};

export const concluded = ({ record, step }: ResultOf<"restore">): RestoreRecord => {
  if (record) return record;
  throw new JobError(
    "restore-failed",
    `the restore stands at '${step}' and is not finished`,
    "run `restorable resume`",
  );
};
