import { JobError, type RestoreLaunch, type RestoreRecord } from "../../spec/index.ts";
import { type Act, actions } from "./actions.ts";
import { type Application, application } from "./application.ts";
import { continueEarlier, earlierOf } from "./earlier.ts";
import { errorReport } from "./failed-record.ts";
import { type Outcome, recover } from "./recover.ts";
import { noteStarted, resumeAndFinish } from "./replace-live.ts";
import { type LaunchWorld, say, warn } from "./world.ts";

/**
 * Swaps the superseded data of a finished restore back in: stop, swap, start. What was live until then is kept in its
 * turn. A rollback that was killed is completed.
 * @throws JobError `busy` while the restore still runs, `quiesce-failed`, `cannot-swap`, `probe-failed`
 */
export const rollback = async (launch: RestoreLaunch, world: LaunchWorld): Promise<RestoreRecord> => {
  const act = actions(launch, world);
  const earlier = earlierOf(await act("state"));
  if (!earlier) {
    const fact = `the ledger knows no restore '${launch.request.id}'`;
    throw new JobError("restore-failed", fact, "`restorable status` lists them");
  }
  if (!earlier.record) return continueEarlier(launch, world, act, earlier);
  const app = application(launch, world);
  // What an earlier launcher stopped and never started runs not now, and has to afterwards.
  const quiesced = [...new Set([...(earlier.stopped ? earlier.quiesced : []), ...(await app.running())])];
  await act("quiescing", { quiesced });
  await stopOrStart(act, app, world, quiesced);
  await swapBack(launch, act, app, world, quiesced);
  return resumeAndFinish(act, app, world, quiesced, {});
};

/** The first failure is the one to report; a second one is only said. Nothing was swapped, so the rollback is forgotten. */
const stopOrStart = async (
  act: Act,
  app: Application,
  world: LaunchWorld,
  quiesced: readonly string[],
): Promise<void> => {
  try {
    await app.stop(quiesced);
  } catch (error) {
    const forgotten = await act("recover").catch((second: unknown) => warn(world, errorReport(second).fact));
    await app.start(quiesced).catch((second: unknown) => warn(world, errorReport(second).fact));
    if (forgotten?.stopped) await noteStarted(act, world);
    throw error;
  }
};

const swapBack = async (
  launch: RestoreLaunch,
  act: Act,
  app: Application,
  world: LaunchWorld,
  quiesced: readonly string[],
): Promise<void> => {
  say(world, "rollback", `swapping back what restore ${launch.request.id} replaced`);
  try {
    await act("rollback");
  } catch (error) {
    if (await isCompleted(act, app, world, quiesced, error)) return;
    throw error;
  }
};

/** What was begun is completed; what was not is forgotten, and the application runs as before. */
const isCompleted = async (
  act: Act,
  app: Application,
  world: LaunchWorld,
  quiesced: readonly string[],
  error: unknown,
): Promise<boolean> => {
  let forgotten: Outcome;
  try {
    forgotten = await recover(act, world, errorReport(error).fact);
    if (!forgotten.record) return true;
  } catch (second) {
    warn(
      world,
      `${errorReport(second).fact}; the application stays stopped: run \`restorable resume\` when the cause is gone`,
    );
    return false;
  }
  await app.start(quiesced).catch((second: unknown) => warn(world, errorReport(second).fact));
  if (forgotten.stopped) await noteStarted(act, world);
  return false;
};
