import { z } from "zod";
import { signature } from "./manifest.ts";
import { bytes, instant, pointId } from "./scalars.ts";
import { schedule } from "./schedule.ts";

export const check = z.strictObject({ name: z.string(), ok: z.boolean(), detail: z.string() });
export type Check = z.infer<typeof check>;

/** What a drill measured. */
export const drillFigures = z.strictObject({
  /** From the start to the last comparison: how long a restore of this point takes. */
  rtoSeconds: z.number().min(0),
  /** The age of the point's moment when the drill began: how much a restore would have lost. */
  rpoSeconds: z.number(),
  /** Of the scratch server, where the point holds a database. */
  server: z.string().optional(),
  /** When drills run, where they are scheduled: a check alarms when the next ones fail to appear. */
  schedule: schedule.optional(),
});
export type DrillFigures = z.infer<typeof drillFigures>;

/** The result of a verify or a drill of one point. */
export const proof = z.strictObject({
  version: z.literal(1),
  kind: z.enum(["verify", "drill"]),
  point: pointId,
  at: instant,
  ok: z.boolean(),
  checks: z.array(check),
  bytes,
  seconds: z.number().min(0),
  by: z.string(),
  /** Only of a drill. */
  drill: drillFigures.optional(),
});
export type Proof = z.infer<typeof proof>;

export const signedProof = z.strictObject({ proof, signature: signature.optional() });
export type SignedProof = z.infer<typeof signedProof>;
