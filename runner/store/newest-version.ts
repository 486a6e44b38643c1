import type { Store } from "./store.ts";

/** The version of an object that is read now; undefined where the store keeps none. */
export const newestVersion = async (store: Store, wanted: string): Promise<string | undefined> => {
  if (!(await store.versioned())) return undefined;
  for await (const { key, versionId, latest } of store.versions(wanted)) if (key === wanted && latest) return versionId;
  return undefined;
};
