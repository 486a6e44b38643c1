import { resume as resumeRestore } from "../../launch/index.ts";
import type { Definition, Outcome } from "../command.ts";
import { knownRestore } from "../restore/ledger-launch.ts";
import { recordOutcome } from "../restore/record-text.ts";
import { inLaunchWorld } from "../restore/world.ts";

/** Brings a restore that was left behind to its end. */
export const resume: Definition = {
  name: "resume [id]",
  summary: "complete or undo a restore that was left behind, and start the application (default: the open one)",
  run: async (io, options, id): Promise<Outcome> => {
    const { launch, secrets } = await knownRestore(io, options, id);
    const { identity } = options;
    return recordOutcome(
      io,
      await inLaunchWorld(io, { plan: launch.plan, secrets, identity }, (world) => resumeRestore(launch, world)),
    );
  },
};
