import { CATALOG, MARKS, type Manifest, manifestKey, type Repository, signedManifest } from "../../spec/index.ts";
import { signatureState } from "../crypto/signature.ts";
import type { Store } from "../store/store.ts";

/**
 * The newest manifest that counts as a copy: readable, signed by a trusted key (where any is named) and not
 * quarantined, or a point that a person has set aside, or a forged one, would be what new points are measured by.
 * Undefined where there is none. Only it is fetched, however long the catalog is.
 */
export const newestManifest = async (store: Store, { trusted }: Repository): Promise<Manifest | undefined> => {
  const keys: string[] = [];
  for await (const { key } of store.list(CATALOG)) keys.push(key);
  for (const key of keys.sort().reverse()) {
    const raw = await json(store, key);
    const { success, data } = signedManifest.safeParse(raw);
    if (!success || key !== manifestKey(data.manifest.id)) continue;
    const signed = { manifest: (raw as { manifest: unknown }).manifest, signature: data.signature };
    if (trusted.length > 0 && signatureState(signed, trusted, "manifest") !== "valid") continue;
    if (!(await isQuarantined(store, data.manifest.id))) return data.manifest;
  }
  return undefined;
};

/** By the names of its marks, which begin with their times, so that none has to be read. */
const isQuarantined = async (store: Store, point: string): Promise<boolean> => {
  const names: string[] = [];
  for await (const { key } of store.list(`${MARKS}${point}/`))
    if (/-(quarantine|release)\.json$/.test(key)) names.push(key);
  return names.sort().at(-1)?.endsWith("-quarantine.json") ?? false;
};

const json = async (store: Store, key: string): Promise<unknown> => {
  try {
    return JSON.parse((await store.get(key))?.body.toString("utf8") ?? "null");
  } catch {
    return undefined; // the catalog names unreadable manifests; here the one before counts
  }
};
