import type { Definition, Outcome } from "../command.ts";
import { findPlan } from "../find/find-plan.ts";
import { readIdentity } from "../identity.ts";
import { readSelector } from "../point-argument.ts";
import { verifyPoint } from "../verify-point.ts";

interface Options {
  readonly record: boolean;
}

/** Reads one point back completely. */
export const verify: Definition<Options> = {
  name: "verify [point]",
  summary: "read one recovery point back completely (default: latest); with --identity also open it",
  options: (command) => command.option("--no-record", "do not write the result beside the point"),
  run: async (io, options, point): Promise<Outcome> => {
    const found = await findPlan(io, options);
    const operatorKey = readIdentity(io, options.identity);
    const { result, text, exit } = await verifyPoint(io, found, operatorKey, readSelector(point), options.record);
    return { json: result, text, exit };
  },
};
