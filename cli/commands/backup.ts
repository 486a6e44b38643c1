import { formatBytes } from "../../launch/index.ts";
import { storedBytes } from "../../spec/index.ts";
import type { Definition, Outcome } from "../command.ts";
import { declaredPlan, findPlan } from "../find/find-plan.ts";
import { duration } from "../format.ts";
import { readIdentity } from "../identity.ts";
import { type AsOlder, olderResult, withAsOlder } from "../older-result.ts";
import { runJob } from "../run-job.ts";
import { contentText } from "../source-text.ts";
import { fields } from "../table.ts";
import { verifyPoint } from "../verify-point.ts";

interface Options extends AsOlder {
  readonly verify?: boolean;
}

/** Takes one recovery point now. */
export const backup: Definition<Options> = {
  name: "backup",
  summary: "take one recovery point now; with --verify also read it back",
  options: (command) =>
    withAsOlder(command.option("--verify", "read the point back, and end with an error unless it is good")),
  run: async (io, options): Promise<Outcome> => {
    const found = await findPlan(io, options);
    const result = await runJob(io, { kind: "backup", version: 1, plan: declaredPlan(found) }, found);
    const { manifest } = result;
    const text = fields(
      [
        ["point", manifest.id],
        ["stored", formatBytes(storedBytes(manifest.sources))],
        ["took", duration((Date.parse(manifest.finished) - Date.parse(manifest.started)) / 1000)],
        ...manifest.sources.map((entry) => [entry.name, contentText(entry)] as const),
        ["flags", manifest.flags.map(({ fact }) => `${fact}; nothing is pruned until it is marked accept`).join("\n")],
      ],
      io,
    );
    const older = options.as && olderResult(manifest, found.repository);
    if (!options.verify) return older ?? { json: result, text };
    const verified = await verifyPoint(io, found, readIdentity(io, options.identity), manifest.id, true);
    if (older) return { ...older, exit: verified.exit };
    return { json: { ...result, proof: verified.proof }, text: `${text}\n${verified.text}`, exit: verified.exit };
  },
};
