import type { JournalPart, Plan } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { filesPart } from "./files-part.ts";
import { filesSwap } from "./files-swap.ts";
import { objectsPart } from "./objects-part.ts";
import { objectsSwap } from "./objects-swap.ts";
import { postgresPart } from "./postgres-part.ts";
import { postgresSwap } from "./postgres-swap.ts";
import type { PartRequest, PartSwap, RestorePart } from "./restore-part.ts";

/** What restores a source: the one place where kinds of sources are told apart. */
export const partOf = (context: Context, request: PartRequest): RestorePart => {
  const { source, entry } = request;
  if (source.kind === "postgres" && entry.kind === "postgres")
    return postgresPart(context, { ...request, source, entry }) as RestorePart;
  if (source.kind === "files" && entry.kind === "files")
    return filesPart(context, { ...request, source, entry }) as RestorePart;
  if (source.kind === "objects" && entry.kind === "objects")
    return objectsPart(context, { ...request, source, entry }) as RestorePart;
  throw new Error(`a ${entry.kind} entry was matched with a ${source.kind} source`);
};

/** What swaps a part, from its journal alone. */
export const swapOf = (context: Context, plan: Plan, part: JournalPart): PartSwap => {
  switch (part.kind) {
    case "postgres":
      return postgresSwap(context, plan, part.source) as PartSwap;
    case "files":
      return filesSwap(context) as PartSwap;
    case "objects":
      return objectsSwap(context, plan) as PartSwap;
  }
};
