import type { CatalogPoint, PointSelector, Selected } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import type { Store } from "../store/store.ts";
import { selectPoint } from "./select-point.ts";
import { wrappedIdentity } from "./wrapped-identity.ts";

/**
 * The point that a selector means, and its own key in its envelope, which the operator's key opens.
 * @throws JobError as `selectPoint` and `wrappedIdentity`
 */
export const selectedWithKey = async (
  context: Context,
  store: Store,
  points: readonly CatalogPoint[],
  selector: PointSelector,
  options: { readonly unverified: boolean },
): Promise<Selected> => {
  const { point, warnings } = selectPoint(points, selector, options);
  for (const text of warnings) context.report.warning(text);
  return { point, identity: (await wrappedIdentity(store, point)).toString("base64") };
};
