import { z } from "zod";

/** Whether somebody is woken when a plan is not healthy. A database of its own importance is a plan of its own. */
export const criticality = z.enum(["critical", "ordinary"]);
export type Criticality = z.infer<typeof criticality>;

/** What an unhealthy plan is reported as, with an exit code of its own. */
export const unhealthyCode = ({ criticality: of }: { readonly criticality?: Criticality | undefined }) =>
  of === "ordinary" ? ("degraded" as const) : ("unhealthy" as const);
