import { formatBytes } from "../../launch/index.ts";
import { JobError, storedBytes } from "../../spec/index.ts";
import { bringHome, homeOf } from "../bring-home.ts";
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
  readonly directory?: string;
  readonly wait?: string;
}

/** Takes one recovery point now. */
export const backup: Definition<Options> = {
  name: "backup",
  summary: "take one recovery point now; with --verify also read it back",
  options: (command) =>
    withAsOlder(
      command
        .option("--verify", "read the point back, and end with an error unless it is good")
        .option("--directory <path>", "also bring the point to a directory of this machine, every byte compared")
        .option("--wait <minutes>", "wait so long for another run of the plan to end (default: 0)"),
    ),
  run: async (io, options): Promise<Outcome> => {
    const found = await findPlan(io, options);
    const home = options.directory === undefined ? undefined : homeOf(io, found, options.directory);
    const waitSeconds = secondsOf(options.wait);
    const job = { kind: "backup", version: 1, plan: declaredPlan(found), ...waitSeconds } as const;
    const result = await runJob(io, job, found);
    const { manifest } = result;
    const brought = home && (await bringHome(io, found, home, manifest.id));
    const text = fields(
      [
        ["point", manifest.id],
        ["stored", formatBytes(storedBytes(manifest.sources))],
        ["took", duration((Date.parse(manifest.finished) - Date.parse(manifest.started)) / 1000)],
        ...manifest.sources.map((entry) => [entry.name, contentText(entry)] as const),
        ...(brought?.rows ?? []),
        ["flags", manifest.flags.map(({ fact }) => `${fact}; nothing is pruned until it is marked accept`).join("\n")],
      ],
      io,
    );
    const json = brought ? { ...result, copy: brought.result } : result;
    const older = options.as && olderResult(manifest, found.repository);
    if (!options.verify) return older ?? { json, text };
    const verified = await verifyPoint(io, found, readIdentity(io, options.identity), manifest.id, true);
    if (older) return { ...older, exit: verified.exit };
    return { json: { ...json, proof: verified.proof }, text: `${text}\n${verified.text}`, exit: verified.exit };
  },
};

const secondsOf = (minutes: string | undefined): { readonly waitSeconds?: number } => {
  if (minutes === undefined) return {};
  if (/^\d{1,4}$/.test(minutes) && Number(minutes) <= 1440) return { waitSeconds: Number(minutes) * 60 };
  throw new JobError("bad-config", `'${minutes}' is no number of minutes`, "give --wait a number from 0 to 1440");
};
