import { JobError } from "../../spec/index.ts";
import type { Definition, Outcome } from "../command.ts";
import { declaredPlan, findPlan } from "../find/find-plan.ts";
import { runJob } from "../run-job.ts";
import { table } from "../table.ts";

interface Options {
  readonly confirm?: boolean;
}

const DONE = {
  "dry-run": "would expire; nothing was changed: run it again with --confirm to act",
  tagged: "marked and tagged: the bucket's lifecycle expires them",
  deleted: "marked and deleted",
} as const;

/** Shows what the retention no longer keeps, and acts on it only when that is confirmed. */
export const prune: Definition<Options> = {
  name: "prune",
  summary: "show what the retention no longer keeps; with --confirm let it expire",
  options: (command) => command.option("--confirm", "act on it"),
  run: async (io, options): Promise<Outcome> => {
    const found = await findPlan(io, options);
    const { retention, schedule, leaseSeconds } = declaredPlan(found);
    if (!retention) {
      const hint = "declare a retention to let points expire";
      throw new JobError("bad-config", `the plan '${found.plan}' has no retention: everything is kept`, hint);
    }
    const { repository, plan } = found;
    const job = { repository, plan, retention, schedule, leaseSeconds, confirm: options.confirm === true };
    const result = await runJob(io, { kind: "prune", version: 1, ...job }, found);
    const rows = result.decisions.map(({ point, keep, reasons }) => [
      point,
      keep ? "keep" : "EXPIRE",
      reasons.join(", "),
    ]);
    const expired = result.decisions.filter(({ keep }) => !keep).length;
    const frozen = result.frozen.map((reason) => `FROZEN: ${reason}\n`).join("");
    const end = expired === 0 ? "nothing expires" : `${expired} of ${rows.length} points ${DONE[result.how]}`;
    const points =
      rows.length === 0 ? "" : `${table([{ name: "POINT" }, { name: "DECISION" }, { name: "WHY" }], rows, io)}\n`;
    return { json: result, text: `${frozen}${points}${end}\n` };
  },
};
