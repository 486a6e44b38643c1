import {
  type CatalogPoint,
  isRequested,
  type OldObject,
  oldSources,
  type Plan,
  type Request,
  type Source,
} from "../../spec/index.ts";
import type { Found, FoundSource } from "../find/found.ts";

/** What a restore takes: a recovery point, or an old object with what the same run stored beside it. */
export type Taken =
  | { readonly kind: "point"; readonly point: CatalogPoint }
  | { readonly kind: "old"; readonly objects: readonly OldObject[] };

/** A restore as it would be run: everything is known, and nothing is done yet. */
export interface Intent {
  readonly found: Found;
  readonly plan: Plan;
  readonly from: FoundSource;
  readonly taken: Taken;
  /** Without the confirmation, which comes last. */
  readonly request: Request;
  /** Whether a key was given here; one that does not open the point is refused before. Old objects have none. */
  readonly key: "opens" | "given" | "missing" | "perhaps needed" | "none needed";
  /** Ids that the target's ledger knows. */
  readonly usedIds: readonly string[];
}

/** `<project>/<stack>/<plan>`: what has to be typed. */
export const confirmText = ({ project, stack, name }: Plan): string => `${project}/${stack}/${name}`;

/** The plan's sources that the request takes; of old objects, those that they can fill. */
export const takenSources = ({ plan, request, taken }: Intent): readonly Source[] =>
  taken.kind === "point"
    ? plan.sources.filter((source) => isRequested(request, source))
    : taken.objects.flatMap(({ kind }) => oldSources(plan, request, kind));
