import { clean as removeSuperseded } from "../../launch/index.ts";
import { JobError } from "../../spec/index.ts";
import type { Definition, Outcome } from "../command.ts";
import { utc } from "../format.ts";
import { confirm } from "../restore/confirm.ts";
import { confirmText } from "../restore/intent.ts";
import { knownRestore } from "../restore/ledger-launch.ts";
import { inLaunchWorld } from "../restore/world.ts";
import { fields } from "../table.ts";

interface Options {
  readonly confirm?: string;
}

/** Removes what a restore replaced, once nothing holds it any more. */
export const clean: Definition<Options> = {
  name: "clean <id>",
  summary: "remove what a restore replaced, once the time for which it is held is over",
  options: (command) => command.option("--confirm <text>", "<project>/<stack>/<plan>, instead of typing it"),
  run: async (io, options, id): Promise<Outcome> => {
    const { launch, secrets, entry } = await knownRestore(io, options, id);
    io.err(
      fields(
        [
          ["clean", `what restore ${entry.id} of ${utc(entry.started)} put aside`],
          ["on", confirmText(launch.plan)],
          ["removes", entry.superseded.join("\n") || "nothing: it put nothing aside"],
          ["held until", entry.heldUntil === undefined ? undefined : utc(entry.heldUntil)],
        ],
        io,
      ),
    );
    if (entry.superseded.length === 0)
      throw new JobError("cannot-swap", `restore '${entry.id}' put nothing aside`, "there is nothing to remove");
    await confirm(io, confirmText(launch.plan), options.confirm);
    await inLaunchWorld(io, { plan: launch.plan, secrets }, (world) => removeSuperseded(launch, world));
    const { superseded } = entry;
    return {
      json: { version: 1, ok: true, id: entry.id, removed: superseded },
      text: fields([["removed", superseded.join("\n")]], io),
    };
  },
};
