import { ARTIFACTS, type CatalogPoint, MARKS, manifestKey, PROOFS } from "../../spec/index.ts";
import type { Store } from "../store/store.ts";

/**
 * Every object version that belongs to one point: its manifest, artifacts and key, and the marks and proofs about it.
 * On a versioned store that is every version below its keys, because an old version of a pruned point serves nobody.
 */
export const pointObjects = async (
  store: Store,
  { id }: CatalogPoint,
): Promise<readonly { key: string; versionId?: string }[]> => {
  const versioned = await store.versioned();
  const found: { key: string; versionId?: string }[] = [];
  for (const prefix of [manifestKey(id), `${ARTIFACTS}${id}/`, `${PROOFS}${id}/`, `${MARKS}${id}/`]) {
    for await (const { key, versionId } of store.versions(prefix)) found.push(versioned ? { key, versionId } : { key });
  }
  return found;
};
