import path from "node:path";
import type { FileCounts } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { ancestorsOf, notInPoint, parentsOf } from "../files/picked-paths.ts";
import type { OpenSnapshot } from "./open-snapshot.ts";
import { countSnapshot, listDirectories } from "./snapshot-nodes.ts";

/** Paths of a source as they are called in its snapshot. */
export const withinSnapshot = ({ snapshot }: Pick<OpenSnapshot, "snapshot">, paths: readonly string[]): string[] =>
  paths.map((each) => `${snapshot.path}/${each}`);

/**
 * Counts what some paths of a snapshot hold, the directories on the way to them included. Reads listings only.
 * @throws JobError `not-in-point`, with what lies where the path should be
 */
export const countPaths = async (
  context: Context,
  opened: OpenSnapshot,
  paths: readonly string[],
): Promise<FileCounts> => {
  const { repository, snapshot } = opened;
  const within = withinSnapshot(opened, paths);
  const { counts, found } = await countSnapshot(context, repository, snapshot.id, within);
  const missing = paths.find((_, index) => !found.has(within[index] as string));
  if (missing !== undefined) throw await explainMissing(context, opened, missing);
  return { ...counts, directories: counts.directories + parentsOf(paths).length };
};

const explainMissing = async (context: Context, { repository, snapshot }: OpenSnapshot, missing: string) => {
  const ways = ["", ...ancestorsOf(missing)];
  const nameOf = (way: string) => (way === "" ? snapshot.path : `${snapshot.path}/${way}`);
  const listed = await listDirectories(context, repository, snapshot.id, ways.map(nameOf));
  const directory = ways.findLast((way) => listed.includes(nameOf(way))) ?? "";
  const siblings = listed.filter((each) => path.posix.dirname(each) === nameOf(directory));
  return notInPoint(missing, { directory, siblings: siblings.map((each) => path.posix.basename(each)) });
};
