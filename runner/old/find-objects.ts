import {
  ARTIFACTS,
  type CatalogPoint,
  type CompatibleLayout,
  isLayoutKeyOf,
  JobError,
  layoutOfOld,
  type OldObject,
  pairKey,
  parseOldKey,
  pointId,
} from "../../spec/index.ts";
import type { Store } from "../store/store.ts";

/**
 * What an older tool stored and no manifest names, oldest first. It is only ever read. A dump of a run of ours that runs
 * or was killed has no manifest either, and is none of these: it is not whole, and goes with what else that run left.
 * @param root the root of the repository
 * @param store the plan's own part of it
 */
export const readOldObjects = async (
  root: Store,
  store: Store,
  layout: CompatibleLayout,
  points: readonly CatalogPoint[],
): Promise<OldObject[]> => {
  // Of Chipster's layout we write nothing.
  const unfinished = layout.kind === "chipster" ? [] : await unfinishedPoints(store, points);
  const ours = new Set(
    points
      .flatMap(({ manifest }) => manifest.sources.flatMap(({ artifacts }) => artifacts.filter(({ below }) => below)))
      .map(({ key }) => key),
  );
  const found = new Map<string, OldObject>();
  const sizes = new Map<string, number>();
  for await (const { key, bytes } of root.list(layout.kind === "aide" ? "" : layout.prefix)) {
    for (const folder of layout.kind === "chipster" ? foldersOf(key) : [])
      sizes.set(folder, (sizes.get(folder) ?? 0) + bytes);
    const name = ours.has(key) || unfinished.some((id) => isLayoutKeyOf(id, key)) ? undefined : parseOldKey(key);
    if (name && layoutOfOld(name).kind === layout.kind) found.set(key, { ...name, bytes, pairs: [] });
  }
  return [...found.values()]
    .filter(({ key }) => !key.endsWith(ARCHIVE_INFO) || !found.has(key.replace(ARCHIVE_INFO, BACKUP_INFO)))
    .map((object) => {
      if (object.encryption) return { ...object, bytes: sizes.get(foldersOf(object.key)[0] ?? "") ?? object.bytes };
      const pair = pairKey(object);
      return pair !== undefined && found.has(pair) ? { ...object, pairs: [pair] } : object;
    })
    .sort((a, b) => (a.time === b.time ? (a.key < b.key ? -1 : 1) : a.time < b.time ? -1 : 1));
};

/** Ids of points that have artifacts and no manifest. */
const unfinishedPoints = async (store: Store, points: readonly CatalogPoint[]): Promise<readonly string[]> => {
  const begun = new Set<string>();
  for await (const { key } of store.list(ARTIFACTS)) begun.add(key.slice(ARTIFACTS.length).split("/")[0] ?? "");
  for (const { id } of points) begun.delete(id);
  return [...begun].filter((id) => pointId.safeParse(id).success);
};

/** Chipster's archive server writes its own beside the first one: the same archive, which is listed once. */
const [BACKUP_INFO, ARCHIVE_INFO] = ["/backup-info", "/archive-info"];

/** An archive of Chipster's is all that lies below its folder. Innermost first. */
const foldersOf = (key: string): readonly string[] => {
  const parts = key.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, parts.length - index).join("/"));
};

/**
 * One old object, and what the same run stored beside it.
 * @throws JobError `unknown-point` when there is none such
 */
export const findOldObjects = async (root: Store, key: string): Promise<readonly OldObject[]> => {
  const name = parseOldKey(key);
  const bytes = name && (await root.size(key));
  if (!name || bytes === undefined) {
    throw new JobError(
      "unknown-point",
      `there is no old object '${key}' in ${root.name}`,
      "give its whole key, relative to the repository's root; where the plan has a `layout`, `restorable list` shows it",
    );
  }
  const pair = pairKey(name);
  const paired = pair === undefined ? undefined : parseOldKey(pair);
  const pairBytes = paired && (await root.size(paired.key));
  return [
    { ...name, bytes, pairs: pairBytes === undefined || pair === undefined ? [] : [pair] },
    ...(paired && pairBytes !== undefined ? [{ ...paired, bytes: pairBytes, pairs: [key] }] : []),
  ];
};
