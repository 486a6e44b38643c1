import {
  ARTIFACTS,
  type Artifact,
  type CatalogPoint,
  type Check,
  isExpiring,
  isQuarantined,
} from "../../spec/index.ts";
import { inParallel } from "../catalog/in-parallel.ts";
import type { ObjectVersion, Store, StoredObject } from "../store/store.ts";

/** Requests made at the same time. */
const WIDTH = 16;

/**
 * Whether everything that the points name is there as it was stored, by listing and not by reading: a version that the
 * manifest pins must be there and the newest one; where a store keeps no versions, the size must be the same.
 * @param root the root of the repository, where an older tool may prune or write under the same names
 */
export const artifactsCheck = async (
  store: Store,
  root: Store,
  points: readonly CatalogPoint[],
): Promise<readonly Check[]> => {
  const needing = points.filter((point) => !isExpiring(point) && !isQuarantined(point));
  const named = needing.flatMap(({ manifest }) => manifest.sources.flatMap(({ artifacts }) => artifacts));
  if (named.length === 0) return [];
  const inside = named.filter(({ below }) => below === undefined);
  const problems = [
    ...(await problemsOf(store, ARTIFACTS, inside)),
    // One key at a time: what else lies at the root may be all plans of all environments.
    ...(
      await inParallel(
        WIDTH,
        named.filter(({ below }) => below !== undefined),
        (artifact) => problemsOf(root, artifact.key, [artifact]),
      )
    ).flat(),
  ];
  const good = `what ${needing.length} point(s) name is there`;
  const bad = `${problems.join("; ")}: find out who did it; quarantine points whose data are gone and take a new backup`;
  return [{ name: "artifacts", ok: problems.length === 0, detail: problems.length === 0 ? good : bad }];
};

const problemsOf = async (store: Store, below: string, artifacts: readonly Artifact[]): Promise<readonly string[]> => {
  const [pinned, plain] = [artifacts.filter(isPinned), artifacts.filter((artifact) => !isPinned(artifact))];
  const versions = await byKey(pinned.length === 0 ? [] : store.versions(below));
  const objects = await byKey(plain.length === 0 ? [] : store.list(below));
  return [
    ...pinned.map((artifact) => versionProblem(artifact, versions.get(artifact.key) ?? [])),
    ...plain.map((artifact) => sizeProblem(artifact, objects.get(artifact.key)?.[0])),
  ].filter((problem) => problem !== undefined);
};

const isPinned = ({ versionId }: Artifact): boolean => versionId !== undefined;

const byKey = async <T extends { readonly key: string }>(
  items: AsyncIterable<T> | readonly T[],
): Promise<ReadonlyMap<string, readonly T[]>> => {
  const found = new Map<string, T[]>();
  for await (const item of items) {
    const same = found.get(item.key);
    if (same) same.push(item);
    else found.set(item.key, [item]);
  }
  return found;
};

const versionProblem = ({ key, versionId }: Artifact, versions: readonly ObjectVersion[]): string | undefined => {
  if (!versions.some((version) => version.versionId === versionId && !version.deleteMarker)) return `${key} is missing`;
  const newest = versions.find(({ latest }) => latest);
  if (newest === undefined || newest.versionId === versionId) return undefined;
  return `${key} was ${newest.deleteMarker ? "deleted" : "written over"}, and its own version is noncurrent now`;
};

const sizeProblem = ({ key, bytes }: Artifact, stored: StoredObject | undefined): string | undefined => {
  if (stored === undefined) return `${key} is missing`;
  return stored.bytes === bytes
    ? undefined
    : `${key} was written over: it has ${stored.bytes} bytes instead of ${bytes}`;
};
