import { userInfo } from "node:os";
import { JobError, type MarkJob } from "../../spec/index.ts";
import type { Definition, Outcome } from "../command.ts";
import { findPlan } from "../find/find-plan.ts";
import { readSelector } from "../point-argument.ts";
import { runQuietly } from "../run-job.ts";
import { table } from "../table.ts";

interface Options {
  readonly reason: string;
}

const KINDS: Readonly<Record<MarkJob["mark"], string>> = {
  accept: "its flags are right: pruning goes on",
  hold: "it never expires",
  quarantine: "it is not chosen, and does not count as a copy",
  release: "a hold and a quarantine end",
  unexpire: "an expire mark no longer counts",
};

/** Writes a note about a point that decides what may become of it. */
export const mark: Definition<Options> = {
  name: "mark <kind> <point>",
  summary: "write a note about a point: accept, hold, quarantine, release or unexpire",
  options: (command) =>
    command.requiredOption("--reason <text>", "why, for whoever reads it later").addHelpText(
      "after",
      `\nKinds:\n${table(
        [],
        Object.entries(KINDS).map(([kind, text]) => [`  ${kind}`, text]),
      )}`,
    ),
  run: async (io, options, kind, point): Promise<Outcome> => {
    if (kind === undefined || !isKind(kind)) {
      throw new JobError("bad-config", `'${kind}' is no mark`, `expected one of ${Object.keys(KINDS).join(", ")}`);
    }
    const id = readSelector(point);
    if (typeof id !== "string" || id === "latest") {
      throw new JobError("bad-config", "a mark needs the id of its point", "see `restorable list`");
    }
    const found = await findPlan(io, options);
    const { repository, plan } = found;
    const by = io.env.SUDO_USER ?? userInfo().username;
    const job = {
      kind: "mark",
      version: 1,
      repository,
      plan,
      mark: kind,
      point: id,
      by,
      reason: options.reason,
    } as const;
    const result = await runQuietly(io, job, found);
    return { json: result, text: `${id} is marked ${kind}: ${KINDS[kind]}\n` };
  },
};

const isKind = (kind: string): kind is MarkJob["mark"] => Object.hasOwn(KINDS, kind);
