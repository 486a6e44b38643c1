import type { Context } from "../context.ts";
import type { FilesPart } from "../files/names.ts";
import { removeBeside, removeSuperseded } from "../files/remove-tree.ts";
import { settleSwap, swapDirectory, undoDirectorySwap } from "../files/swap-directories.ts";
import { finishSwap, hasMoves, swapPaths, undoPaths } from "../files/swap-paths.ts";
import type { PartSwap } from "./restore-part.ts";

/** Swaps one directory, from the journal alone. */
export const filesSwap = (context: Context): PartSwap<FilesPart> => ({
  swap: (part) => (hasMoves(part) ? finishSwap(swapPaths(part)) : swapDirectory(context, part)),
  undo: (part) => (hasMoves(part) ? finishSwap(undoPaths(part)) : undoDirectorySwap(context, part)),
  discard: async (part) => {
    // A restore into a directory of its own has moved the tree there.
    if (!hasMoves(part)) await undoDirectorySwap(context, part);
    await removeBeside(context, part);
  },
  settle: (part) => settleSwap(part),
  drop: (part) => removeSuperseded(context, part),
});
