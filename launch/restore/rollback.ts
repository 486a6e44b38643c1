import type { RestoreLaunch, ResultOf } from "../../spec/index.ts";
import { actions } from "./actions.ts";
import { application } from "./application.ts";
import { stateOf } from "./earlier.ts";
import { type LaunchWorld, say, warn } from "./world.ts";

/**
 * Swaps the superseded data of a finished restore back in: stop, swap, start. The application is started again
 * whatever happens.
 * @throws JobError of the step that failed
 */
export const rollback = async (launch: RestoreLaunch, world: LaunchWorld): Promise<ResultOf<"restore">> => {
  const act = actions(launch, world);
  // Refuses while the restore itself still runs, before anything is stopped.
  await stateOf(act);
  const app = application(launch.plan, world);
  let result: ResultOf<"restore">;
  try {
    await app.stop();
    say(world, "rollback", `swapping back what restore ${launch.request.id} replaced`);
    result = await act("rollback");
  } catch (error) {
    // The first failure is the one to report; a second one is only said.
    await app.start().catch((second: Error) => warn(world, second.message));
    throw error;
  }
  await app.start();
  return result;
};
