import { randomBytes } from "node:crypto";
import type { Job } from "../spec/index.ts";

/** A name for one job that is short enough to be typed: `backup-7f3a1c2e`. */
export const newJobId = ({ kind }: Job): string => `${kind}-${randomBytes(4).toString("hex")}`;
