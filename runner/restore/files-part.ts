import { rmdir } from "node:fs/promises";
import { type FilesEntry, type FilesSource, JobError, volumeMount } from "../../spec/index.ts";
import type { OpenedSource } from "../artifact/load-artifact.ts";
import type { Context } from "../context.ts";
import { compareTree } from "../files/compare-tree.ts";
import { type Extraction, extractBeside, extractInto, makeEmpty } from "../files/extract-beside.ts";
import { type InspectedTarget, inspectNewTarget, inspectTarget } from "../files/inspect-directory.ts";
import { besideDirectory, besideTree, type FilesPart } from "../files/names.ts";
import { emptyDirectory, removeBeside } from "../files/remove-tree.ts";
import { swapDirectory } from "../files/swap-directories.ts";
import { moveIn } from "../files/swap-inside.ts";
import { requireRoom } from "../files/target-room.ts";
import { isChipsterInfo, unpackChipsterTree } from "../old/chipster-tree.ts";
import { isSnapshotEntry, openSnapshot, type SnapshotEntry } from "../restic/open-snapshot.ts";
import { restoreSnapshot } from "../restic/restore-snapshot.ts";
import { inspectPaths, loadPaths, pickedPaths } from "./picked-files.ts";
import type { Outcome, PartRequest, RestorePart } from "./restore-part.ts";
import { archiveOf, unpackArchive } from "./unpack-archive.ts";

type Ask = PartRequest<FilesSource, FilesEntry>;

/** How a restore treats one directory. */
export const filesPart = (context: Context, ask: Ask): RestorePart<FilesPart> => ({
  inspect: () => inspect(context, ask),
  load: (part) => loadBeside(context, ask, part),
  hookEnvironment: (part) => ({ RESTORABLE_DIRECTORY: goesElsewhere(ask) ? part.live : besideTree(part) }),
  replaceInPlace: (part) => overwrite(context, ask, part),
});

/** The new directory of a restore that replaces nothing; a volume is one as well. */
const newDirectory = ({ request: { into } }: Pick<Ask, "request">): string | undefined =>
  into.volume === undefined ? into.directory : volumeMount(into.volume);

const goesElsewhere = (ask: Ask): boolean => newDirectory(ask) !== undefined;

const inspect = async (context: Context, ask: Ask): Promise<{ part: FilesPart; notes: readonly string[] }> => {
  const { source, entry, request, at } = ask;
  const { into, id } = request;
  const directory = newDirectory({ request });
  if (directory === undefined) refuseSecret(source);
  const found: InspectedTarget =
    directory === undefined ? await inspectTarget(source.directory, id, at) : await inspectNewTarget(directory, id, at);
  const part: FilesPart = { kind: "files", source: source.name, ...found.names };
  const paths = pickedPaths(request);
  if (paths) return { part: { ...part, ...(await inspectPaths(context, ask, paths, found)) }, notes: found.notes };
  if (!into.inPlace) await requireRoom(found.roomIn, entry.counts);
  return { part, notes: found.notes };
};

const refuseSecret = (source: FilesSource): void => {
  if (source.mount?.kind !== "secret") return;
  throw new JobError(
    "cannot-swap",
    `'${source.name}' is the Secret ${source.mount.name}, into which no restore writes`,
    "take its files to a directory (`restorable restore --directory`), and make the Secret of them with kubectl",
  );
};

const loadBeside = async (context: Context, ask: Ask, part: FilesPart): Promise<Outcome> => {
  const outcome = await load(context, ask, part);
  if (goesElsewhere(ask) && outcome.checks.every(({ ok }) => ok)) await swapDirectory(context, part); // nothing is there to supersede
  return outcome;
};

const load = async (context: Context, ask: Ask, part: FilesPart): Promise<Outcome> => {
  const paths = pickedPaths(ask.request);
  if (paths) return loadPaths(context, ask, paths, part);
  if (isSnapshotEntry(ask.entry)) return unpackSnapshot(context, ask, ask.entry, part);
  return unpack(context, ask, await extractBeside(part), { directory: besideTree(part), live: part.live });
};

const overwrite = async (context: Context, ask: Ask, part: FilesPart): Promise<Outcome> => {
  await emptyDirectory(context, part.live);
  if (isSnapshotEntry(ask.entry)) return overwriteBySnapshot(context, ask, ask.entry, part);
  return unpack(context, ask, extractInto(part.live), { directory: part.live, live: part.live });
};

const unpackSnapshot = async (
  context: Context,
  { artifacts }: Ask,
  entry: SnapshotEntry,
  part: FilesPart,
): Promise<Outcome> => {
  await makeEmpty(part.beside);
  await restoreSnapshot(context, await openSnapshot(context, artifacts as OpenedSource, entry), part.beside);
  return compared(context, entry, besideTree(part));
};

/** Inside the directory, which is empty by now: so its own owner and mode, and a mount point, need no other way. */
const overwriteBySnapshot = async (
  context: Context,
  { artifacts, request: { id } }: Ask,
  entry: SnapshotEntry,
  { live }: FilesPart,
): Promise<Outcome> => {
  const holder = besideDirectory(live, id, "inside");
  await removeBeside(context, { live, beside: holder, superseded: holder, existed: true }); // of a run that was killed
  await makeEmpty(holder);
  await restoreSnapshot(context, await openSnapshot(context, artifacts as OpenedSource, entry), holder);
  await moveIn(context, `${holder}/tree`, live);
  await rmdir(holder);
  return compared(context, entry, live);
};

const compared = async (context: Context, entry: FilesEntry, directory: string): Promise<Outcome> => {
  context.report.step("compared", `counting the files of ${directory}`);
  return { checks: await compareTree(directory, entry, context.signal), notes: [] };
};

const unpack = async (
  context: Context,
  ask: Ask,
  extraction: Extraction,
  place: { readonly directory: string; readonly live: string },
): Promise<Outcome> => {
  const archive = archiveOf(ask.entry);
  if (isChipsterInfo(archive)) {
    await unpackChipsterTree(context, ask.artifacts, archive, place);
    return compared(context, ask.entry, place.directory);
  }
  await unpackArchive(context, ask, extraction);
  return { ...(await compared(context, ask.entry, place.directory)), notes: extraction.messages() };
};
