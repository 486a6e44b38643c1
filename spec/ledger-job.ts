import { z } from "zod";
import { plan } from "./plan.ts";
import { repository } from "./repository.ts";
import { pointSelector } from "./request.ts";
import { slug } from "./scalars.ts";

/**
 * Lists the restores in the ledger of a plan's target; with `find` also looks for a point that somebody wants to restore
 * there, as `catalog` does: in a cluster a second job would be a second pod. Read-only.
 */
export const ledgerJob = z.strictObject({
  kind: z.literal("ledger"),
  version: z.literal(1),
  plan,
  find: z
    .strictObject({ repository, plan: slug, point: pointSelector, unverified: z.boolean().default(false) })
    .optional(),
});
export type LedgerJob = z.infer<typeof ledgerJob>;
