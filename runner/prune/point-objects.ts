import { ARTIFACTS, type CatalogPoint, MARKS, manifestKey, PROOFS } from "../../spec/index.ts";
import type { Store } from "../store/store.ts";

/** One version of an object, and the store that its key is in. */
export interface PointObject {
  readonly store: Store;
  readonly key: string;
  readonly versionId?: string;
}

/**
 * Every object version that belongs to one point: its manifest, artifacts and key, what a compatible layout put at the
 * root of the repository, and the marks and proofs about it. On a versioned store that is every version below its keys,
 * because an old version of a pruned point serves nobody.
 */
export const pointObjects = async (
  store: Store,
  root: Store,
  { id, manifest }: CatalogPoint,
): Promise<readonly PointObject[]> => {
  const versioned = await store.versioned();
  const found: PointObject[] = [];
  const add = (from: Store, key: string, versionId: string) =>
    found.push(versioned ? { store: from, key, versionId } : { store: from, key });
  for (const prefix of [manifestKey(id), `${ARTIFACTS}${id}/`, `${PROOFS}${id}/`, `${MARKS}${id}/`]) {
    for await (const { key, versionId } of store.versions(prefix)) add(store, key, versionId);
  }
  const outside = manifest.sources.flatMap(({ artifacts }) => artifacts.filter(({ below }) => below));
  for (const artifact of outside) {
    for await (const { key, versionId } of root.versions(artifact.key)) {
      if (key === artifact.key) add(root, key, versionId);
    }
  }
  return found;
};
