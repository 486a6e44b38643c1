import { COPIES, type ObjectsEntry, type StoredCopy } from "../../spec/index.ts";
import { oldestVersions } from "../catalog/manifest-keys.ts";
import type { Store } from "../store/store.ts";

/**
 * Says of a copy that a point names which version of it counts in this store. Where the point itself was copied here,
 * its lists name another store's versions, and the oldest one here is what was copied.
 */
export const copiesHere = async (
  store: Store,
  list: ObjectsEntry["copies"],
): Promise<(copy: StoredCopy) => StoredCopy> => {
  if (!list?.elsewhere) return (copy) => copy;
  const versions = (await store.versioned())
    ? new Map((await oldestVersions(store, COPIES)).map(({ key, versionId }) => [key, versionId]))
    : undefined;
  return ({ versionId: _, ...copy }) => {
    const versionId = versions?.get(copy.stored);
    return { ...copy, ...(versionId === undefined ? {} : { versionId }) };
  };
};
