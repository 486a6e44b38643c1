import { z } from "zod";

/** Which process works on it, so that the next one can tell whether it still lives. */
export const holder = z.strictObject({
  host: z.string(),
  /** Changes at every boot of the host. */
  boot: z.string(),
  /** The namespace that the pid is of: two containers of one host may have the same pids. */
  pidNamespace: z.string(),
  pid: z.number().int(),
  /** Start time of the process in the kernel's ticks, because pids are used again. */
  startTicks: z.string(),
});
export type Holder = z.infer<typeof holder>;
