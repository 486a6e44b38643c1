import { readFileSync } from "node:fs";
import { z } from "zod";

const Report = z.object({
  startTime: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().optional(),
      assertionResults: z.array(
        z.object({
          ancestorTitles: z.array(z.string()),
          title: z.string(),
          status: z.enum(["passed", "failed", "skipped", "pending", "todo", "disabled"]),
          failureMessages: z.array(z.string()).optional(),
          meta: z.object({ skipReason: z.string().optional() }).optional(),
        }),
      ),
    }),
  ),
});

/** What vitest's JSON reporter leaves of one run, as far as it is read here. */
export type Report = z.infer<typeof Report>;

/** Reads a stored run; throws when the file is missing or is no report. */
export function readReport(file: string): Report {
  return Report.parse(JSON.parse(readFileSync(file, "utf8")));
}
