import { z } from "zod";
import { signature } from "./manifest.ts";
import { bytes, instant, pointId } from "./scalars.ts";

export const check = z.strictObject({ name: z.string(), ok: z.boolean(), detail: z.string() });
export type Check = z.infer<typeof check>;

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
});
export type Proof = z.infer<typeof proof>;

export const signedProof = z.strictObject({ proof, signature: signature.optional() });
export type SignedProof = z.infer<typeof signedProof>;
