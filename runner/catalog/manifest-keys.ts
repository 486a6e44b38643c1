import { CATALOG } from "../../spec/index.ts";
import type { ObjectVersion, Store } from "../store/store.ts";

/** The version of a key that counts, where a key is written once. */
export interface ManifestKey {
  readonly key: string;
  /** On versioned stores the oldest one: a manifest is written once, so a later one is somebody else's. */
  readonly versionId?: string;
  /** Versions and delete markers beyond the first. */
  readonly extraVersions: number;
}

/** The keys of the catalog, each once. A delete marker over a manifest does not hide it. */
export const manifestKeys = async (store: Store): Promise<readonly ManifestKey[]> => {
  if (await store.versioned()) return oldestVersions(store, CATALOG);
  const keys: ManifestKey[] = [];
  for await (const { key } of store.list(CATALOG)) keys.push({ key, extraVersions: 0 });
  return keys;
};

/** The first version of everything below a prefix of a versioned store. A delete marker hides nothing. */
export const oldestVersions = async (store: Store, below: string): Promise<readonly ManifestKey[]> => {
  const byKey = new Map<string, ObjectVersion[]>();
  for await (const version of store.versions(below)) {
    const versions = byKey.get(version.key);
    if (versions) versions.push(version);
    else byKey.set(version.key, [version]);
  }
  return [...byKey].flatMap(([key, versions]) => {
    const oldest = oldestOf(versions.filter(({ deleteMarker }) => !deleteMarker));
    return oldest ? [{ key, versionId: oldest.versionId, extraVersions: versions.length - 1 }] : [];
  });
};

/** Of two of one second the later in the listing is the older, because a listing begins with the newest. */
const oldestOf = (versions: readonly ObjectVersion[]): ObjectVersion | undefined =>
  versions.reduce<ObjectVersion | undefined>(
    (oldest, version) => (oldest && oldest.modified < version.modified ? oldest : version),
    undefined,
  );
