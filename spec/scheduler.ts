import { z } from "zod";
import { plan } from "./plan.ts";
import { errorReport } from "./result.ts";
import { instant, pointId } from "./scalars.ts";

/** What a scheduler is told, in a file: the plan that it runs. */
export const schedulerFile = z.strictObject({
  version: z.literal(1),
  plan: plan.refine(({ schedule }) => schedule.kind === "cron", {
    path: ["schedule"],
    message: "expected a cron schedule; without one nothing is to be scheduled",
  }),
});
export type SchedulerFile = z.infer<typeof schedulerFile>;

/** Values of secrets by name, in a file of their own beside it. */
export const secretsFile = z.strictObject({ secrets: z.record(z.string(), z.string()) });
export type SecretsFile = z.infer<typeof secretsFile>;

/** What a scheduler says of itself every few seconds, in a file that its healthcheck reads. */
export const schedulerState = z.strictObject({
  version: z.literal(1),
  /** `<project>/<stack>/<plan>` */
  plan: z.string(),
  /** The last sign of life. */
  at: instant,
  /** When the next run begins; absent while one is running. */
  next: instant.optional(),
  /** When the run began that is running. */
  running: instant.optional(),
  /** The last run that ended; a failed one makes the scheduler unhealthy until one succeeds. */
  last: z
    .strictObject({
      started: instant,
      finished: instant,
      ok: z.boolean(),
      point: pointId.optional(),
      error: errorReport.optional(),
    })
    .optional(),
  /** Why no run could succeed just now, in one sentence. */
  problem: z.string().optional(),
});
export type SchedulerState = z.infer<typeof schedulerState>;

/** Where a scheduler in a container finds its files, and where it writes its state. */
export const SCHEDULER_MOUNT = "/etc/restorable";
export const SCHEDULE_FILE = `${SCHEDULER_MOUNT}/schedule.json`;
export const SECRETS_FILE = `${SCHEDULER_MOUNT}/secrets.json`;
export const STATE_FILE = "/tmp/restorable-schedule.json";
