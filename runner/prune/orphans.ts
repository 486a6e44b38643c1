import { CATALOG, MARKS, manifestKey, PROOFS, pointId } from "../../spec/index.ts";
import type { Store } from "../store/store.ts";

/**
 * Removes marks and proofs of points that have no manifest any more: a prune that was killed, or two at once, left
 * them, and nothing else would ever look at them again.
 */
export const removeOrphans = async (store: Store): Promise<void> => {
  const found: { readonly key: string; readonly versionId: string; readonly point: string }[] = [];
  for (const below of [MARKS, PROOFS]) {
    for await (const { key, versionId } of store.versions(below)) {
      const point = key.slice(below.length).split("/")[0] ?? "";
      if (pointId.safeParse(point).success) found.push({ key, versionId, point });
    }
  }
  if (found.length === 0) return;
  // The catalog is read after them: what is about a point that was finished in between stays.
  const known = new Set<string>();
  for await (const { key } of store.versions(CATALOG)) known.add(key);
  for (const { key, versionId, point } of found) {
    if (!known.has(manifestKey(point))) await store.remove(key, versionId);
  }
};
