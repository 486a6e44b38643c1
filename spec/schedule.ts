import { z } from "zod";
import { parseCron } from "./cron.ts";

/**
 * Old and new names of a zone count (Europe/Kiev, Europe/Kyiv). Without a slash only UTC does: a bare offset such as
 * +01:00 knows no summer, and an abbreviation is another zone than its writer thinks (BST is Dhaka's here).
 */
const isTimeZone = (zone: string): boolean => {
  if (zone !== "UTC" && !zone.includes("/")) return false;
  try {
    const { timeZone: known } = new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions();
    // JavaScript forgives a wrong case, Kubernetes does not.
    return known === zone || known.toLowerCase() !== zone.toLowerCase();
  } catch {
    return false;
  }
};

export const timeZone = z.string().refine(isTimeZone, "expected an IANA time zone such as Europe/London, or UTC");

const cronText = z.string().superRefine((text, context) => {
  try {
    parseCron(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
  }
});

/** When a plan runs. `none`: only when somebody asks. */
export const schedule = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none") }),
  z.strictObject({
    kind: z.literal("cron"),
    cron: cronText,
    timeZone,
    /** Each run begins up to so many seconds later, at random: many plans of one minute do not all begin at once. @default 0 */
    jitterSeconds: z.number().int().min(0).max(3600).optional(),
  }),
]);
export type Schedule = z.infer<typeof schedule>;
