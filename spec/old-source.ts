import { layoutKeys } from "./compatible-layout.ts";
import type { OldName } from "./old-object.ts";
import type { Plan } from "./plan.ts";
import type { Request } from "./request.ts";
import { isRequested } from "./requested.ts";
import type { Source } from "./source.ts";

/**
 * The sources that an old object of a kind can fill: the one that the plan's layout names, or all that are asked for.
 * More than one means that a request has to name it, because an old object does not say of which one it is.
 */
export const oldSources = (
  { layout, sources }: Pick<Plan, "layout" | "sources">,
  { into, only, sources: asked }: Pick<Request, "into" | "only" | "sources">,
  kind: OldName["kind"],
): readonly Source[] => {
  const fitting = sources.filter(
    (source) => source.kind === kind && isRequested({ into, only, sources: asked ?? [source.name] }, source),
  );
  const named = fitting.filter((source) => layoutKeys(layout, [source], "20000101T000000Z-0000", "host").length > 0);
  return named.length > 0 ? named : fitting;
};
