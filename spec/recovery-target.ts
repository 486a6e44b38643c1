import { z } from "zod";
import { instant } from "./scalars.ts";

/** Where the replay of WAL stops; the words are PostgreSQL's. */
export const recoveryTarget = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("latest") }),
  z.strictObject({ kind: z.literal("immediate") }),
  z.strictObject({ kind: z.literal("time"), time: instant }),
  z.strictObject({ kind: z.literal("restorePoint"), name: z.string().min(1).max(63) }),
  z.strictObject({
    kind: z.literal("lsn"),
    lsn: z.string().regex(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/i, "expected a WAL position like 16/B374D848"),
  }),
  z.strictObject({
    kind: z.literal("xid"),
    xid: z.string().regex(/^\d+$/, "expected a transaction id in decimal digits"),
  }),
]);
export type RecoveryTarget = z.infer<typeof recoveryTarget>;
