import { mkdir, readdir, rename, rmdir } from "node:fs/promises";
import path from "node:path";
import { JobError } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { runPipeline } from "../process/pipeline.ts";
import { syncDirectory } from "../world/sync-directory.ts";
import { isThere, maySetAttributes } from "./file-system.ts";
import { OWN_INSIDE, type SwapNames, swappedMarker } from "./names.ts";
import { CREATE, extractOptions } from "./tar-options.ts";

/**
 * The swap of a directory that cannot be renamed itself. Its children are moved one by one, so the names tell how far
 * it came:
 *
 * - `<superseded>.part/tree`: the old children are on their way out (or, in an undo, back in);
 * - `<superseded>/tree`: all of them are out;
 * - `<beside>/tree`: the new children, untouched; `<beside>/moving`: on their way in; neither: all of them are in.
 *
 * Owner, mode, ACLs and attributes of the directory itself go the same way; its time is that of the swap.
 */
export async function* swapInside(context: Context, names: SwapNames): AsyncGenerator<string> {
  const { live, beside, superseded, existed } = names;
  const at = places(names);
  if (!(await isBegun(names)) && !(await isThere(at.tree))) throw missing(names);
  if (existed && !(await isThere(superseded))) {
    await makeLike(context, live, at.part, at.old);
    yield* moveAll(live, at.old, isData);
    await rename(at.part, superseded);
    await syncDirectory(live);
    yield "all that was live is superseded";
  }
  if (await isThere(at.tree)) {
    if (!existed) await makeLike(context, live, beside, swappedMarker(names));
    await rename(at.tree, at.moving);
    yield "the new ones move in";
  }
  if (await isThere(at.moving)) {
    yield* moveAll(at.moving, live);
    await copyAttributes(context, at.moving, live);
    yield "attributes are copied";
    await rmdir(at.moving);
    yield "all are in";
  }
  if (existed && (await isThere(beside))) await rmdir(beside);
  await syncDirectory(live);
}

export async function* undoInside(context: Context, names: SwapNames): AsyncGenerator<string> {
  const { live, beside, superseded, existed } = names;
  const at = places(names);
  const movedIn = await isThere(existed ? superseded : swappedMarker(names));
  if (movedIn && !(await isThere(at.tree))) {
    await makeLike(context, live, beside, at.moving);
    yield "the new ones move out";
    yield* moveAll(live, at.moving, isData);
    await rename(at.moving, at.tree);
    yield "all are out";
  }
  if (!existed && movedIn) {
    await copyAttributes(context, swappedMarker(names), live);
    await rmdir(swappedMarker(names));
  }
  if (existed && (await isThere(superseded))) {
    await rename(superseded, at.part);
    yield "the old ones move in";
  }
  if (!(await isThere(at.part))) return;
  if (await isThere(at.old)) {
    yield* moveAll(at.old, live);
    await copyAttributes(context, at.old, live);
    yield "attributes are copied";
    await rmdir(at.old);
  }
  await removeHolder(at.part);
  await syncDirectory(live);
}

const places = ({ beside, superseded }: SwapNames) => ({
  part: `${superseded}.part`,
  old: `${superseded}.part/tree`,
  tree: `${beside}/tree`,
  moving: `${beside}/moving`,
});

const isBegun = async (names: SwapNames): Promise<boolean> =>
  (await isThere(names.existed ? names.superseded : swappedMarker(names))) || (await isThere(places(names).moving));

const MAKING = "making";

/** A directory with the attributes of `live`; it gets its name only when it has them. */
const makeLike = async (context: Context, live: string, holder: string, directory: string): Promise<void> => {
  await mkdir(holder, { recursive: true, mode: 0o700 });
  if (await isThere(directory)) return;
  const making = path.join(holder, MAKING);
  await mkdir(making, { recursive: true, mode: 0o700 });
  await copyAttributes(context, live, making);
  await rename(making, directory);
};

const removeHolder = async (holder: string): Promise<void> => {
  const making = path.join(holder, MAKING);
  if (await isThere(making)) await rmdir(making);
  await rmdir(holder);
};

/** Ours are no data. */
const isData = (name: Buffer): boolean => !OWN_INSIDE.test(name.toString("latin1"));

async function* moveAll(
  from: string,
  to: string,
  wanted: (name: Buffer) => boolean = () => true,
): AsyncGenerator<string> {
  for (const name of (await readdir(from, { encoding: "buffer" })).filter(wanted)) {
    const [source, target] = [child(from, name), child(to, name)];
    if (await isThere(target)) throw occupied(target.toString());
    await rename(source, target);
    yield "one child was moved";
  }
  await Promise.all([syncDirectory(from), syncDirectory(to)]);
}

const child = (directory: string, name: Buffer): Buffer => Buffer.concat([Buffer.from(`${directory}/`), name]);

/** By tar, which carries owner, mode, ACLs and extended attributes; Node has calls for two of the four. */
const copyAttributes = async (context: Context, from: string, to: string): Promise<void> => {
  if (!maySetAttributes(to)) return;
  const isRoot = process.geteuid?.() === 0;
  await runPipeline(context, [
    { file: "tar", args: [...CREATE, "--no-recursion", "--directory", from, "."] },
    { file: "tar", args: [...extractOptions(isRoot), "--directory", to] },
  ]);
};

/** Moves all that a tree holds into an empty directory, and gives that the tree's own owner, mode and attributes. */
export const moveIn = async (context: Context, tree: string, live: string): Promise<void> => {
  for await (const _ of moveAll(tree, live));
  await copyAttributes(context, tree, live);
  await rmdir(tree);
  await syncDirectory(live);
};

const missing = ({ beside, live }: SwapNames): JobError =>
  new JobError(
    "cannot-swap",
    `the restored copy '${beside}' is not there, so '${live}' cannot be replaced`,
    "ask for the restore again under a new id",
  );

const occupied = (target: string): JobError =>
  new JobError(
    "cannot-swap",
    `something else has come to be at '${target}' while it was swapped`,
    "stop what writes there, move it away, and run `restorable resume`",
  );
