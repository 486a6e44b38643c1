import { type Proof, proofKey, type Repository } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { sign } from "../crypto/signature.ts";
import { openPlanStore } from "../jobs/plan-store.ts";

/**
 * Writes a proof beside the points, signed by the prover.
 * @returns its key; undefined, after a warning, where no prover's key is configured
 */
export const recordProof = async (
  context: Context,
  { repository, plan }: { readonly repository: Repository; readonly plan: string },
  proof: Proof,
): Promise<string | undefined> => {
  const { proverKey } = repository;
  if (!proverKey) {
    context.report.warning("no prover key is configured, so this result is not recorded as a proof");
    return undefined;
  }
  const key = proofKey(proof.point, new Date(proof.at));
  const store = openPlanStore(context, repository, plan, "prover");
  await store.put(key, JSON.stringify({ proof, signature: sign(context.secret(proverKey), "proof", proof) }), {
    ifNoneMatch: "*",
  });
  return key;
};
