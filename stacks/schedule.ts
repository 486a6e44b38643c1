import { z } from "zod";

/** The schema of a schedule that a stack's config may leave out: then only when somebody asks. */
export const scheduleConfig = z
  .strictObject({ cron: z.string(), timeZone: z.string(), jitterSeconds: z.number().optional() })
  .optional();
