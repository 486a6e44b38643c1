import type { Plan } from "./plan.ts";
import { shortDigest } from "./short-digest.ts";

/** A CronJob gives its Jobs names that are eleven characters longer, and those must fit a label. */
const LONGEST = 52;

/**
 * The name of what a plan has in a namespace: `restorable-<project>-<stack>-<plan>`, the same at every update. A digest
 * takes the place of what is too long, and tells apart what Kubernetes would not.
 */
export const clusterName = ({ project, stack, name }: Pick<Plan, "project" | "stack" | "name">): string => {
  const whole = `restorable-${project}-${stack}-${name}`;
  if (whole.length <= LONGEST && /^[a-z0-9-]*[a-z0-9]$/.test(whole)) return whole;
  const kept = whole.toLowerCase().replace(/[^a-z0-9-]/g, "-");
  return `${kept.slice(0, LONGEST - 9)}-${shortDigest(whole)}`;
};
