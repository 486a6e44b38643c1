import type { ObjectsSource, Plan } from "../spec/index.ts";

/** The sources of a plan whose buckets a check or a verify looks at; none where the plan is not known. */
export const objectsOf = (plan: Plan | undefined): ObjectsSource[] =>
  (plan?.sources ?? []).filter((source) => source.kind === "objects");
