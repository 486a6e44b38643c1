import type { Job } from "./job.ts";
import type { Plan } from "./plan.ts";
import { shortDigest } from "./short-digest.ts";

/** What the containers, volumes, pods and claims of a plan's jobs carry, so that others find them. */
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

/** Characters of a label's value in a cluster. */
const LONGEST = 63;

/**
 * The same labels as a cluster takes them: a text that is too long or holds other characters is cut, and told apart
 * from others by a sum of the whole.
 */
export const clusterLabels = (labels: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, labelValue(value)]));

const labelValue = (text: string): string => {
  if (text.length <= LONGEST && /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(text)) return text;
  const kept = text.replace(/[^A-Za-z0-9._-]/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return `${kept.slice(0, LONGEST - 9)}-${shortDigest(text)}`.replace(/^-/, "");
};
