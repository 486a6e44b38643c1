import type { FileCounts, FilesEntry, FilesSource, Request } from "../../spec/index.ts";
import type { OpenedSource } from "../artifact/load-artifact.ts";
import type { Context } from "../context.ts";
import { compareTree } from "../files/compare-tree.ts";
import { extractBeside, makeEmpty } from "../files/extract-beside.ts";
import type { InspectedTarget } from "../files/inspect-directory.ts";
import { movesFor } from "../files/moves.ts";
import { besideTree, type FilesPart } from "../files/names.ts";
import { outermost } from "../files/picked-paths.ts";
import { requireRoom } from "../files/target-room.ts";
import { isSnapshotEntry, openSnapshot, type SnapshotEntry } from "../restic/open-snapshot.ts";
import { countPaths, withinSnapshot } from "../restic/picked-paths.ts";
import { restoreSnapshot } from "../restic/restore-snapshot.ts";
import type { Outcome, PartRequest } from "./restore-part.ts";
import { unpackArchive } from "./unpack-archive.ts";

type Ask = PartRequest<FilesSource, FilesEntry>;

/** The paths that a request picks; undefined where it takes all. */
export const pickedPaths = ({ only }: Pick<Request, "only">): readonly string[] | undefined =>
  only?.paths && outermost(only.paths);

/**
 * What a restore of some paths will do. Of a snapshot it is known here whether they are in it; of an archive only when
 * that was read to its end.
 * @returns what changes places, where the paths go back in place
 * @throws JobError `not-in-point`, `no-room`, `missing-directory`, `cannot-swap`
 */
export const inspectPaths = async (
  context: Context,
  ask: Ask,
  paths: readonly string[],
  { names: { live }, roomIn }: InspectedTarget,
): Promise<Pick<FilesPart, "moves">> => {
  if (isSnapshotEntry(ask.entry)) {
    const opened = await openSnapshot(context, ask.artifacts as OpenedSource, ask.entry);
    await requireRoom(roomIn, await countPaths(context, opened, paths));
  }
  return ask.request.into.inPlace ? { moves: [...(await movesFor(live, paths))] } : {};
};

/** Unpacks some paths beside, and compares what is there then with what the point says that they hold. */
export const loadPaths = async (
  context: Context,
  ask: Ask,
  paths: readonly string[],
  part: FilesPart,
): Promise<Outcome> => {
  const { name, counts: all } = ask.entry;
  const { counts, messages } = isSnapshotEntry(ask.entry)
    ? await fetchPaths(context, ask, ask.entry, paths, part)
    : await unpackPaths(context, ask, paths, part);
  const directory = besideTree(part);
  context.report.step("compared", `counting the files of ${directory}`);
  const checks = await compareTree(directory, { name, counts }, context.signal, "the point");
  const note = `only what was asked for: ${filesIn(counts)} of the point's ${filesIn(all)} files in '${name}', ${counts.bytes} of ${all.bytes} bytes`;
  return { checks, notes: [note, ...messages] };
};

interface Loaded {
  readonly counts: FileCounts;
  readonly messages: readonly string[];
}

const unpackPaths = async (context: Context, ask: Ask, paths: readonly string[], part: FilesPart): Promise<Loaded> => {
  const extraction = await extractBeside(part, paths);
  await unpackArchive(context, ask, extraction);
  return { counts: extraction.counts(), messages: extraction.messages() };
};

const fetchPaths = async (
  context: Context,
  { artifacts }: Ask,
  entry: SnapshotEntry,
  paths: readonly string[],
  part: FilesPart,
): Promise<Loaded> => {
  await makeEmpty(part.beside);
  const opened = await openSnapshot(context, artifacts as OpenedSource, entry);
  const counts = await countPaths(context, opened, paths);
  const partial = { ...opened, snapshot: { ...opened.snapshot, bytes: counts.bytes } };
  await restoreSnapshot(context, partial, part.beside, withinSnapshot(opened, paths));
  return { counts, messages: [] };
};

const filesIn = ({ files, hardLinks }: FileCounts): number => files + hardLinks;
