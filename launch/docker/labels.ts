import type { Job, Plan } from "../../spec/index.ts";

/** What the containers and volumes of a plan's jobs carry, so that others find them. */
const PREFIX = "restorable";

export type OfPlan = Pick<Plan, "project" | "stack" | "name">;

export const planLabels = ({ project, stack, name }: OfPlan): Record<string, string> => ({
  [`${PREFIX}.project`]: project,
  [`${PREFIX}.stack`]: stack,
  [`${PREFIX}.plan`]: name,
});

export const LABEL = {
  job: `${PREFIX}.job`,
  kind: `${PREFIX}.kind`,
  action: `${PREFIX}.action`,
  request: `${PREFIX}.request`,
} as const;

export const jobLabels = (plan: OfPlan, id: string, job: Job): Record<string, string> => ({
  ...planLabels(plan),
  [LABEL.job]: id,
  [LABEL.kind]: job.kind,
  ...(job.kind === "restore" ? { [LABEL.action]: job.action, [LABEL.request]: job.request.id } : {}),
});

/** A filter for what carries all of these. */
export const withLabels = (labels: Readonly<Record<string, string>>) => ({
  label: Object.entries(labels).map((pair) => pair.join("=")),
});
