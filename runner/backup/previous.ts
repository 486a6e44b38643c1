import { CATALOG, type Manifest, signedManifest } from "../../spec/index.ts";
import type { Store } from "../store/store.ts";

/** The newest manifest that can be read; undefined in an empty catalog. Only it is fetched, however long the catalog is. */
export const newestManifest = async (store: Store): Promise<Manifest | undefined> => {
  const keys: string[] = [];
  for await (const { key } of store.list(CATALOG)) keys.push(key);
  for (const key of keys.sort().reverse()) {
    const parsed = signedManifest.safeParse(await json(store, key));
    if (parsed.success) return parsed.data.manifest;
  }
  return undefined;
};

const json = async (store: Store, key: string): Promise<unknown> => {
  try {
    return JSON.parse((await store.get(key))?.body.toString("utf8") ?? "null");
  } catch {
    return undefined; // the catalog names unreadable manifests; here the one before counts
  }
};
