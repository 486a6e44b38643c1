import { oldKeyOf } from "../../spec/index.ts";
import type { Definition, Outcome } from "../command.ts";
import { findPlan } from "../find/find-plan.ts";
import { readIdentity } from "../identity.ts";
import { readSelector } from "../point-argument.ts";
import { verifyOld } from "../verify-old.ts";
import { verifyPoint } from "../verify-point.ts";

interface Options {
  readonly record: boolean;
  readonly object?: string;
}

/** Reads one point back completely. */
export const verify: Definition<Options> = {
  name: "verify [point]",
  summary: "read one recovery point back completely (default: latest); with --identity also open it",
  options: (command) =>
    command
      .option("--no-record", "do not write the result beside the point")
      .option("--object <key>", "what an older tool stored, by its key, instead of a point"),
  run: async (io, options, point): Promise<Outcome> => {
    const selector = readSelector(point, options);
    const key = oldKeyOf(selector);
    const found = await findPlan(io, options);
    const operatorKey = readIdentity(io, options.identity);
    if (key !== undefined) return verifyOld(io, found, operatorKey, key);
    const { result, text, exit } = await verifyPoint(io, found, operatorKey, selector, options.record);
    return { json: result, text, exit };
  },
};
