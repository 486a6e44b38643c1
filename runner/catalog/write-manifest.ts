import { JobError, type Manifest, manifestKey, manifest as manifestSchema, type Repository } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { sign } from "../crypto/signature.ts";
import { OUTRUN, type Put, type Store } from "../store/store.ts";

/**
 * Signs a manifest with the repository's key and writes it, once: from then on the point exists. Without a key it is
 * written unsigned, with a warning.
 * @throws JobError `missing-secret`, `wrong-key`, `precondition-failed` when the point has a manifest already
 */
export const writeManifest = async (
  context: Context,
  store: Store,
  { signingKey }: Repository,
  content: Manifest,
): Promise<Put> => {
  // What readers would refuse must not become a point.
  const manifest = manifestSchema.parse(content);
  if (!signingKey)
    context.report.warning(`the manifest of ${manifest.id} is unsigned: the repository has no signing key`);
  const signed = {
    manifest,
    ...(signingKey ? { signature: sign(context.secret(signingKey), "manifest", manifest) } : {}),
  };
  const body = `${JSON.stringify(signed, undefined, 2)}\n`;
  const key = manifestKey(manifest.id);
  try {
    return await store.put(key, body, { ifNoneMatch: "*" });
  } catch (error) {
    if (!(error instanceof JobError) || error.code !== "precondition-failed" || error.cause === OUTRUN) throw error;
    // By ourselves, if the first try was stored and only its answer was lost.
    const found = await store.get(key);
    if (found?.body.toString() === body) return found;
    throw error;
  }
};
