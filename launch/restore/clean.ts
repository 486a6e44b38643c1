import type { RestoreLaunch } from "../../spec/index.ts";
import { actions } from "./actions.ts";
import type { LaunchWorld } from "./world.ts";

/**
 * Removes what one restore superseded.
 * @throws JobError `cannot-swap` while it is held
 */
export const clean = async (launch: RestoreLaunch, world: LaunchWorld): Promise<void> => {
  await actions(launch, world)("clean");
};
