import { chmod, lstat, mkdir, rename, rmdir } from "node:fs/promises";
import path from "node:path";
import { JobError } from "../../spec/index.ts";
import { syncDirectory } from "../world/sync-directory.ts";
import { isEmptyDirectory, isThere } from "./file-system.ts";
import { besideTree, isWrapped, type SwapNames, swappedMarker } from "./names.ts";

/**
 * Two renames: live → superseded, beside → live. Between them the live name does not exist. Linux can exchange two
 * names at once (RENAME_EXCHANGE), but Node has no call for it; the application is stopped then, so nobody looks.
 */
export async function* swapSiblings(names: SwapNames): AsyncGenerator<string> {
  const { live, beside, superseded, existed } = names;
  const tree = besideTree(names);
  if (await isThere(tree)) {
    if (await isThere(live)) {
      if (existed && !(await isThere(superseded))) {
        await moveEntry(live, superseded);
        yield "live is superseded";
      } else if (!(await isEmptyDirectory(live))) throw occupied(names);
    }
    if (!existed) await mkdir(swappedMarker(names), { recursive: true });
    await moveEntry(tree, live);
    yield "beside is live";
  } else if (!(await isSwapped(names))) throw missing(names);
  if (existed && isWrapped(names)) await removeEmpty(beside);
  await syncDirectory(path.dirname(live));
}

export async function* undoSiblings(names: SwapNames): AsyncGenerator<string> {
  const { live, beside, superseded, existed } = names;
  const tree = besideTree(names);
  const begun = await isThere(existed ? superseded : swappedMarker(names));
  if (!begun) return;
  if (await isThere(live)) {
    if (!(await isThere(tree))) {
      if (isWrapped(names)) await mkdir(beside, { recursive: true, mode: 0o700 });
      await moveEntry(live, tree);
      yield "live is beside again";
    } else if (!(await isEmptyDirectory(live))) throw occupied(names);
  }
  if (existed) {
    await moveEntry(superseded, live);
    yield "superseded is live again";
  } else await rmdir(swappedMarker(names));
}

const isSwapped = async (names: SwapNames): Promise<boolean> =>
  (await isThere(names.live)) && (await isThere(names.existed ? names.superseded : swappedMarker(names)));

/** Gives something another name. A directory that its owner may not write cannot get another parent, except by root. */
export const moveEntry = async (from: string, to: string): Promise<void> => {
  try {
    await rename(from, to);
  } catch (error) {
    const found = await lstat(from);
    if ((error as NodeJS.ErrnoException).code !== "EACCES" || !found.isDirectory()) throw error;
    const mode = found.mode & 0o7777;
    await chmod(from, mode | 0o200);
    await rename(from, to);
    await chmod(to, mode);
  }
  await syncDirectory(path.dirname(from));
  if (path.dirname(to) !== path.dirname(from)) await syncDirectory(path.dirname(to));
};

const removeEmpty = async (directory: string): Promise<void> => {
  await rmdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
};

const missing = ({ beside, live }: SwapNames): JobError =>
  new JobError(
    "cannot-swap",
    `the restored copy '${beside}' is not there, so '${live}' cannot be replaced`,
    "ask for the restore again under a new id",
  );

const occupied = ({ live, superseded }: SwapNames): JobError =>
  new JobError(
    "cannot-swap",
    `something else has come to be at '${live}' while it was swapped; the data from before are at '${superseded}'`,
    `stop what writes there, move '${live}' away, and run \`restorable resume\``,
  );
