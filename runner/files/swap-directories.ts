import { rmdir } from "node:fs/promises";
import type { Context } from "../context.ts";
import { isThere } from "./file-system.ts";
import { besideTree, isBesideName, type SwapNames, swapForm, swappedMarker } from "./names.ts";
import { swapInside, undoInside } from "./swap-inside.ts";
import { swapSiblings, undoSiblings } from "./swap-siblings.ts";

/**
 * The steps of a swap. Between two of them a kill does no harm: begun again, the swap looks which names exist and goes
 * on from there. Each step is one rename or one new directory; the generator stops after each.
 */
export const swapSteps = (context: Context, names: SwapNames): AsyncGenerator<string> =>
  swapForm(names) === "inside" ? swapInside(context, names) : swapSiblings(names);

/** The steps back, with the same property; also from the middle of a swap. */
export const undoSteps = (context: Context, names: SwapNames): AsyncGenerator<string> =>
  swapForm(names) === "inside" ? undoInside(context, names) : undoSiblings(names);

/**
 * Puts the tree beside in the place of the live directory, and keeps what was there under the superseded name.
 * @throws JobError `cannot-swap` when the names are not as a restore left them
 */
export const swapDirectory = async (context: Context, names: SwapNames): Promise<void> => {
  for await (const _ of swapSteps(context, names));
};

/** Gives the live name back to what had it, where a swap was begun or done; the restored tree is beside again. */
export const undoDirectorySwap = async (context: Context, names: SwapNames): Promise<void> => {
  for await (const _ of undoSteps(context, names));
};

/** Forgets, at the end of a restore, the sign that a swap without superseded data left; there is no undo afterwards. */
export const settleSwap = async (names: SwapNames): Promise<void> => {
  if (names.existed || !isBesideName(names.live, names.beside) || (await isThere(besideTree(names)))) return;
  for (const directory of [swappedMarker(names), names.beside]) {
    if (await isThere(directory)) await rmdir(directory);
  }
};

/** `ready`: the tree is beside, nothing was begun. `between`: a swap or its undoing was begun. */
export type DirectorySwapState = "not-loaded" | "ready" | "between" | "swapped";

export const directorySwapState = async (names: SwapNames): Promise<DirectorySwapState> => {
  const { live, beside, superseded, existed } = names;
  const inside = swapForm(names) === "inside";
  if (inside && ((await isThere(`${superseded}.part`)) || (await isThere(`${beside}/moving`)))) return "between";
  const [hasTree, hasSuperseded, hasLive] = [
    await isThere(besideTree(names)),
    await isThere(superseded),
    await isThere(live),
  ];
  if (hasTree) return existed && hasSuperseded ? "between" : "ready";
  if (!(await isThere(existed ? superseded : swappedMarker(names)))) return "not-loaded";
  return hasLive ? "swapped" : "between";
};
