import type { Job } from "./job.ts";
import type { Plan } from "./plan.ts";

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
  const sum = checksum(text);
  const kept = text.replace(/[^A-Za-z0-9._-]/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return `${kept.slice(0, LONGEST - sum.length - 1)}-${sum}`.replace(/^-/, "");
};

/** FNV-1a, twice: no secret depends on it, only that two long names are not one label. */
const checksum = (text: string): string =>
  [0x811c9dc5, 0x01000193]
    .map((seed) =>
      [...new TextEncoder().encode(text)]
        .reduce((sum, byte) => Math.imul(sum ^ byte, 0x01000193) >>> 0, seed)
        .toString(16)
        .padStart(8, "0"),
    )
    .join("");
