import { mkdir, rmdir } from "node:fs/promises";
import path from "node:path";
import { JobError } from "../../spec/index.ts";
import { isThere } from "./file-system.ts";
import { type Move, requireWay } from "./moves.ts";
import { besideTree, type FilesPart } from "./names.ts";
import { ancestorsOf } from "./picked-paths.ts";
import { moveEntry } from "./swap-siblings.ts";

/** A part of which only some paths change places. */
export type PathsPart = FilesPart & { moves: Move[] };

export const hasMoves = (part: FilesPart): part is PathsPart => part.moves !== undefined;

/**
 * Puts paths of the tree beside in their places in the live directory; what stood there is kept under the superseded
 * name. Two renames each, so a kill harms nothing: begun again, it looks which names exist and goes on from there. The
 * directory for what is kept is made first, and says that the swap was begun; the generator stops after each step.
 */
export async function* swapPaths(part: PathsPart): AsyncGenerator<string> {
  const { live, superseded, moves } = part;
  const at = trees(part);
  await mkdir(at.kept, { recursive: true, mode: 0o700 });
  yield "begun";
  for (const { path: moved, existed, comes } of moves) {
    const [here, kept, fresh] = [live, at.kept, at.fresh].map((tree) => path.join(tree, moved)) as Three;
    await requireWay(live, moved);
    if (existed && !(await isThere(kept))) {
      if (!(await isThere(here))) throw gone(here);
      await makeParents(at.kept, moved);
      await moveEntry(here, kept);
      yield "what was live is kept";
    }
    if (!comes) continue;
    if (await isThere(fresh)) {
      if (await isThere(here)) throw occupied(here, superseded);
      await moveEntry(fresh, here);
      yield "it is live";
    } else if (!(await isThere(here))) throw gone(fresh);
  }
  await removeEmptied(part.beside, at.fresh, moves);
}

/** The same way back, also from the middle; nothing happens where nothing was begun. */
export async function* undoPaths(part: PathsPart): AsyncGenerator<string> {
  const { live, superseded, moves } = part;
  const at = trees(part);
  if (!(await isThere(superseded))) return;
  for (const { path: moved, existed, comes } of moves.toReversed()) {
    const [here, kept, fresh] = [live, at.kept, at.fresh].map((tree) => path.join(tree, moved)) as Three;
    if (comes && !(await isThere(fresh)) && (await isThere(here))) {
      await mkdir(at.fresh, { recursive: true, mode: 0o700 });
      await makeParents(at.fresh, moved);
      await moveEntry(here, fresh);
      yield "it is beside again";
    }
    if (!existed || !(await isThere(kept))) continue;
    if (await isThere(here)) throw occupied(here, superseded);
    await moveEntry(kept, here);
    yield "what was kept is live again";
  }
  await removeEmptied(superseded, at.kept, moves);
}

/** Swaps to the end. @throws JobError `cannot-swap` */
export const finishSwap = async (steps: AsyncGenerator<string>): Promise<void> => {
  for await (const _ of steps);
};

type Three = [string, string, string];

const trees = ({ live, beside, superseded }: PathsPart): { readonly fresh: string; readonly kept: string } => ({
  fresh: besideTree({ live, beside }),
  kept: besideTree({ live, beside: superseded }),
});

const makeParents = async (tree: string, moved: string): Promise<void> => {
  await mkdir(path.dirname(path.join(tree, moved)), { recursive: true, mode: 0o700 });
};

/** Directories that held only the way to what has left them. What holds anything else stays. */
const removeEmptied = async (holder: string, tree: string, moves: readonly Move[]): Promise<void> => {
  const ways = [...new Set(moves.flatMap(({ path: moved }) => ancestorsOf(moved)))].sort().reverse();
  for (const directory of [...ways.map((way) => path.join(tree, way)), tree, holder]) {
    await rmdir(directory).catch((error: NodeJS.ErrnoException) => {
      if (!["ENOENT", "ENOTEMPTY", "ENOTDIR"].includes(error.code ?? "")) throw error;
    });
  }
};

const gone = (name: string): JobError =>
  new JobError("cannot-swap", `'${name}' is gone, which was there when the restore began`, "ask again under a new id");

const occupied = (name: string, superseded: string): JobError =>
  new JobError(
    "cannot-swap",
    `something else has come to be at '${name}' meanwhile; what stood there before is in '${superseded}'`,
    "stop what writes there, move it away, and ask again or run `restorable resume`",
  );
