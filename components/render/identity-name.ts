import { createHash } from "node:crypto";

/** The longest name that an IAM user may have. */
const LONGEST = 64;

/** The name of an identity: legal, the same one every time, and another one for everything that was cut off. */
export const identityName = (project: string, stack: string, name: string): string => {
  const whole = `${project}-${stack}-${name}`;
  const legal = whole.replace(/[^\w+=,.@-]+/g, "-");
  if (legal === whole && legal.length <= LONGEST) return legal;
  const digest = createHash("sha256").update(whole).digest("hex").slice(0, 8);
  return `${legal.slice(0, LONGEST - digest.length - 1)}-${digest}`;
};
