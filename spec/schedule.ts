import { z } from "zod";
import { parseCron } from "./cron.ts";

const timeZones = new Set(Intl.supportedValuesOf("timeZone"));

export const timeZone = z
  .string()
  .refine((zone) => zone === "UTC" || timeZones.has(zone), "expected an IANA time zone such as Europe/London, or UTC");

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
  z.strictObject({ kind: z.literal("cron"), cron: cronText, timeZone }),
]);
export type Schedule = z.infer<typeof schedule>;
