import { z } from "zod";

const keep = z.number().int().min(1);

/** What to keep. Each rule keeps points on its own; a point that no rule keeps may expire. Periods are the plan's calendar, in its time zone. */
export const retention = z
  .strictObject({
    keepLast: keep.optional(),
    keepDaily: keep.optional(),
    keepWeekly: keep.optional(),
    keepMonthly: keep.optional(),
    keepYearly: keep.optional(),
    /** Everything younger than this: an ISO 8601 duration in days, weeks, hours: `P30D`. */
    keepWithin: z
      .string()
      .regex(/^P(?!$)(\d+W)?(\d+D)?(T\d+H)?$/, "expected a duration like P30D, P4W or PT12H")
      .optional(),
    /** Never fewer points than this, whatever the rules say. @default 3 */
    minimum: z.number().int().min(1).default(3),
  })
  .refine(
    (policy) => Object.entries(policy).some(([rule, value]) => rule.startsWith("keep") && value !== undefined),
    "name at least one keep rule; to keep everything, leave retention out",
  );
export type Retention = z.infer<typeof retention>;
