import type { Plan } from "./plan.ts";

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
  return `${kept.slice(0, LONGEST - 9)}-${digest(whole)}`;
};

/** FNV-1a in eight hex digits: names are to differ, and nothing is to be kept secret. */
const digest = (text: string): string => {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0");
};
