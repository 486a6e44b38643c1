import { z } from "zod";

/** One line of NDJSON on the runner's stderr. */
export const progress = z.discriminatedUnion("type", [
  /** A step began: one sentence. */
  z.strictObject({ type: z.literal("step"), at: z.string(), step: z.string(), text: z.string() }),
  /** How far a long step is. `total` and `secondsLeft` are missing when nothing is known about them. */
  z.strictObject({
    type: z.literal("progress"),
    at: z.string(),
    step: z.string(),
    text: z.string(),
    bytes: z.number(),
    total: z.number().optional(),
    bytesPerSecond: z.number().optional(),
    secondsLeft: z.number().optional(),
  }),
  z.strictObject({ type: z.literal("warning"), at: z.string(), text: z.string() }),
]);
export type Progress = z.infer<typeof progress>;
