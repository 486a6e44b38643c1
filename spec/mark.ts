import { z } from "zod";
import { instant, pointId } from "./scalars.ts";

/** A note about a point that never changes the point itself. The newest of expire/unexpire counts; hold keeps; accept ends a flag; quarantine keeps it from being chosen; release ends a hold and a quarantine. */
export const mark = z.strictObject({
  version: z.literal(1),
  kind: z.enum(["expire", "unexpire", "hold", "accept", "quarantine", "release"]),
  point: pointId,
  at: instant,
  by: z.string(),
  reason: z.string(),
});
export type Mark = z.infer<typeof mark>;
