import { formatBytes } from "../../launch/index.ts";
import type { Definition, Outcome } from "../command.ts";
import { declaredPlan, findPlan } from "../find/find-plan.ts";
import { duration } from "../format.ts";
import { runJob } from "../run-job.ts";
import { contentText } from "../source-text.ts";
import { fields } from "../table.ts";

/** Takes one recovery point now. */
export const backup: Definition = {
  name: "backup",
  summary: "take one recovery point now",
  run: async (io, options): Promise<Outcome> => {
    const found = await findPlan(io, options);
    const result = await runJob(io, { kind: "backup", version: 1, plan: declaredPlan(found) }, found);
    const { manifest } = result;
    const stored = manifest.sources.flatMap(({ artifacts }) => artifacts).reduce((sum, { bytes }) => sum + bytes, 0);
    const text = fields(
      [
        ["point", manifest.id],
        ["stored", formatBytes(stored)],
        ["took", duration((Date.parse(manifest.finished) - Date.parse(manifest.started)) / 1000)],
        ...manifest.sources.map((entry) => [entry.name, contentText(entry)] as const),
        ["flags", manifest.flags.map(({ fact }) => `${fact}; nothing is pruned until it is marked accept`).join("\n")],
      ],
      io,
    );
    return { json: result, text };
  },
};
