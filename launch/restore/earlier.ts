import { JobError, RESTORE_STEPS, type RestoreLaunch, type RestoreRecord } from "../../spec/index.ts";
import type { Act } from "./actions.ts";
import { application } from "./application.ts";
import { type Outcome, resumeAndFinish, withRecord } from "./replace-live.ts";
import { type LaunchWorld, say } from "./world.ts";

/** Seconds between two looks at a restore that another process runs. */
const LOOK_EVERY = 2;

export interface Earlier {
  readonly step: string;
  readonly record?: RestoreRecord;
}

/**
 * How far an earlier run of this request came; undefined when there was none.
 * @throws JobError `busy` while its process lives, `request-id-used` when the id was used for another request
 */
export const stateOf = async (act: Act): Promise<Earlier | undefined> => {
  const { step, record } = await act("state");
  if (step === NO_JOURNAL) return undefined;
  return { step, ...(record ? { record } : {}) };
};

/** What the runner's `state` says where the ledger knows nothing of the id. */
export const NO_JOURNAL = "none";

/** The same, but follows a run that lives until it has ended. */
export const waitForState = async (
  act: Act,
  { request }: RestoreLaunch,
  world: LaunchWorld,
): Promise<Earlier | undefined> => {
  for (let looks = 0; ; looks += 1) {
    world.signal.throwIfAborted();
    try {
      return await stateOf(act);
    } catch (error) {
      if (!(error instanceof JobError && error.code === "busy")) throw error;
      if (looks % 30 === 0)
        say(world, "attach", `restore ${request.id} is being run by another process; waiting for it`);
      await world.wait(LOOK_EVERY);
    }
  }
};

/** Completes or undoes a run whose process is gone, and starts the application if that run may have stopped it. */
export const continueEarlier = async (
  launch: RestoreLaunch,
  world: LaunchWorld,
  act: Act,
  step: string,
): Promise<RestoreRecord> => {
  say(world, "recover", `an earlier run of ${launch.request.id} ended at '${step}'; completing or undoing it`);
  const outcome = await settle(act);
  const app = mayHaveStopped(step) ? application(launch.plan, world) : NOT_STOPPED;
  return resumeAndFinish(act, app, world, outcome);
};

const settle = async (act: Act): Promise<Outcome> => {
  try {
    return withRecord(await act("recover"));
  } catch (error) {
    return { error };
  }
};

const mayHaveStopped = (step: string): boolean => {
  const at = (RESTORE_STEPS as readonly string[]).indexOf(step);
  return step === "rolling-back" || (at >= RESTORE_STEPS.indexOf("quiescing") && at < RESTORE_STEPS.indexOf("resumed"));
};

const NOT_STOPPED = { stop: async () => undefined, start: async () => undefined };
