import { rollback as rollBack } from "../../launch/index.ts";
import { JobError, type RestoreRecord, stoppedBy } from "../../spec/index.ts";
import type { Definition, Outcome } from "../command.ts";
import { utc } from "../format.ts";
import type { Io } from "../io.ts";
import { confirm } from "../restore/confirm.ts";
import { confirmText } from "../restore/intent.ts";
import { knownRestore } from "../restore/ledger-launch.ts";
import { recordOutcome } from "../restore/record-text.ts";
import { inLaunchWorld } from "../restore/world.ts";
import { fields } from "../table.ts";

interface Options {
  readonly confirm?: string;
}

/** Gives back what a restore replaced. */
export const rollback: Definition<Options> = {
  name: "rollback <id>",
  summary: "swap back what a restore replaced; what is live now is kept in its turn",
  options: (command) => command.option("--confirm <text>", "<project>/<stack>/<plan>, instead of typing it"),
  run: async (io, options, id): Promise<Outcome> => {
    const { launch, secrets, entry } = await knownRestore(io, options, id);
    const { quiesce } = launch.plan;
    io.err(
      fields(
        [
          ["rollback", `of restore ${entry.id}, begun ${utc(entry.started)}`],
          ["onto", confirmText(launch.plan)],
          ["brings back", entry.superseded.join("\n") || "nothing: it replaced nothing"],
          ["stops", stoppedBy(quiesce).join("\n") || "nothing"],
          ["keeps", "what is live now, under a name with today's time"],
        ],
        io,
      ),
    );
    if (entry.superseded.length === 0) {
      throw new JobError("cannot-swap", `restore '${entry.id}' replaced nothing`, "restore an earlier point instead");
    }
    await confirm(io, confirmText(launch.plan), options.confirm);
    const { identity } = options;
    const record = await inLaunchWorld(io, { plan: launch.plan, secrets, identity }, (world) =>
      rollBack(launch, world),
    );
    return record.ok ? { json: record, text: rolledBackText(io, record) } : recordOutcome(io, record);
  },
};

const rolledBackText = (io: Io, { id, target, superseded, notes }: RestoreRecord): string =>
  fields(
    [
      ["rollback", `of restore ${id} is done`],
      ["onto", target],
      ["kept as", superseded.join("\n")],
      ["notes", notes.join("\n")],
    ],
    io,
  );
