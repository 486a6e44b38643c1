import type { z } from "zod";
import type { plan } from "../spec/index.ts";

type Superseded = z.output<typeof plan.shape.superseded>;

/** Production is protected: a restore onto it needs a reason, and what it replaced stays for as long as operators keep it. */
export const guards = (environment: string, superseded: Superseded) =>
  environment === "prod"
    ? { protected: true, superseded: superseded ?? { days: 28 } }
    : { protected: false, superseded: superseded ?? { keep: 1 } };
