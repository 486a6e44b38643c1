import { ERROR_CODES, unhealthyCode } from "../../spec/index.ts";
import { checkTable } from "../check-table.ts";
import type { Definition, Outcome } from "../command.ts";
import { findPlan } from "../find/find-plan.ts";
import { objectsOf } from "../objects-of.ts";
import { runQuietly } from "../run-job.ts";

/** Says whether a plan is healthy, by what its repository holds. */
export const check: Definition = {
  name: "check",
  summary: "say whether the recovery points are fresh, signed, untouched and proven",
  run: async (io, options): Promise<Outcome> => {
    const found = await findPlan(io, options);
    const { repository, plan, declared, drills } = found;
    const schedule = declared?.schedule ?? { kind: "none" };
    const objects = objectsOf(declared);
    const job = { kind: "check", version: 1, repository, plan, schedule, drills, objects } as const;
    const result = await runQuietly(io, job, found);
    const { healthy, checks } = result;
    const { criticality = "critical" } = declared ?? {};
    const end = healthy ? `${plan} is healthy` : `${plan} is NOT healthy: see what FAILED above`;
    return {
      json: { ...result, criticality },
      text: `${checkTable(io, checks)}\n${end}\n`,
      exit: healthy ? 0 : ERROR_CODES[unhealthyCode({ criticality })].exit,
    };
  },
};
