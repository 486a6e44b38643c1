import { JobError, type RestoreLaunch, type RestoreRecord } from "../../spec/index.ts";
import { actions } from "./actions.ts";
import { application } from "./application.ts";
import { continueEarlier, earlierOf } from "./earlier.ts";
import { noteStarted } from "./replace-live.ts";
import type { LaunchWorld } from "./world.ts";

/**
 * Brings a restore that was left behind to its end and the application to run.
 * @throws JobError `busy` while the restore's process lives, `restore-failed` when the ledger does not know the id,
 * `request-id-used` when the id was used for another request, `probe-failed` when the application does not come up
 */
export const resume = async (launch: RestoreLaunch, world: LaunchWorld): Promise<RestoreRecord> => {
  const act = actions(launch, world);
  const earlier = earlierOf(await act("state"));
  if (!earlier) {
    throw new JobError(
      "restore-failed",
      `the ledger knows no restore '${launch.request.id}'`,
      "`restorable status` lists them",
    );
  }
  if (!earlier.record) return continueEarlier(launch, world, act, earlier);
  // It has ended, but whoever asks for `resume` finds the application stopped.
  try {
    await application(launch, world).start(earlier.quiesced);
  } finally {
    if (earlier.stopped) await noteStarted(act, world);
  }
  return earlier.record;
};
