import { JobError, type Plan, type PostgresSource } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { replayProperties } from "../postgres/replay-properties.ts";
import { dropSuperseded, dropUnfinished, type PostgresPart, swapDatabases, undoSwap } from "../postgres/swap.ts";
import { untilReachable } from "../postgres/until-reachable.ts";
import { locked } from "./postgres-part.ts";
import type { PartSwap } from "./restore-part.ts";
import { removeScratch } from "./scratch.ts";

/** Swaps one database, from the journal alone. */
export const postgresSwap = (context: Context, plan: Plan, name: string): PartSwap<PostgresPart> => {
  const source = sourceOf(plan, name);
  const hold = (part: PostgresPart, work: (inside: Context) => Promise<void>) =>
    locked(context, { source }, part, work);
  return {
    swap: async (part) => {
      await untilReachable(context, source, [part.live, part.beside, part.superseded]);
      await hold(part, (inside) => swapDatabases(inside, source, part));
    },
    undo: (part) => hold(part, (inside) => undoSwap(inside, source, part)),
    discard: async (part) => {
      await removeScratch(plan);
      await hold(part, (inside) => dropUnfinished(inside, source, part));
    },
    settle: async (part, mode) => {
      if (mode === "elsewhere")
        await hold(part, (inside) => replayProperties(inside, source, part.beside, part.properties));
    },
    drop: (part) => hold(part, (inside) => dropSuperseded(inside, source, part)),
  };
};

const sourceOf = (plan: Plan, name: string): PostgresSource => {
  const source = plan.sources.find((candidate) => candidate.name === name);
  if (source?.kind === "postgres") return source;
  throw new JobError(
    "bad-config",
    `the plan '${plan.name}' has no database source '${name}' any more, which this restore began with`,
    "put the source back into the plan until the restore has ended",
  );
};
