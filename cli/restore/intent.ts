import { type CatalogPoint, isRequested, type Plan, type Request } from "../../spec/index.ts";
import type { Found, FoundSource } from "../find/found.ts";

/** A restore as it would be run: everything is known, and nothing is done yet. */
export interface Intent {
  readonly found: Found;
  readonly plan: Plan;
  readonly from: FoundSource;
  readonly point: CatalogPoint;
  /** Without the confirmation, which comes last. */
  readonly request: Request;
  /** Whether a key was given here; one that does not open the point is refused before. */
  readonly key: "opens" | "missing";
  /** Ids that the target's ledger knows. */
  readonly usedIds: readonly string[];
}

/** `<project>/<stack>/<plan>`: what has to be typed. */
export const confirmText = ({ project, stack, name }: Plan): string => `${project}/${stack}/${name}`;

/** The plan's sources that the request takes. */
export const takenSources = ({ plan, request }: Pick<Intent, "plan" | "request">) =>
  plan.sources.filter((source) => isRequested(request, source));
