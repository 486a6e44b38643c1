import type { Plan } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import type { ObjectsPart } from "../objects/names.ts";
import { discardObjects, dropObjects, settleObjects, swapObjects, undoObjects } from "../objects/swap-objects.ts";
import type { PartSwap } from "./restore-part.ts";

/** Swaps the objects of one source, from the journal and the sets of changes in the ledger. */
export const objectsSwap = (context: Context, plan: Plan): PartSwap<ObjectsPart> => ({
  swap: (part) => swapObjects(context, plan, part),
  undo: (part) => undoObjects(context, plan, part),
  discard: (part) => discardObjects(context, plan, part),
  settle: (part) => settleObjects(context, plan, part),
  drop: (part) => dropObjects(context, plan, part),
});
