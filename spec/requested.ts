import { kindOf } from "./only.ts";
import type { Request } from "./request.ts";
import { isSecret, type Source } from "./source.ts";

/** Whether a request restores a source of its target's plan. */
export const isRequested = (
  { into, only, sources }: Pick<Request, "into" | "only" | "sources">,
  source: Source,
): boolean =>
  takes(into, source.kind) &&
  (only === undefined || kindOf(only) === source.kind) &&
  (sources?.includes(source.name) ?? !isLeftOut(into, source));

/** A new place takes one kind of source. */
const takes = ({ database, directory, volume }: Request["into"], kind: Source["kind"]): boolean => {
  if (database !== undefined) return kind === "postgres";
  return directory === undefined && volume === undefined ? true : kind === "files";
};

const isLeftOut = ({ replace, inPlace }: Request["into"], source: Source): boolean =>
  (replace !== undefined || inPlace !== undefined) && source.kind === "files" && (source.byName || isSecret(source));
