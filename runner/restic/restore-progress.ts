import { z } from "zod";
import type { ResticSnapshot } from "../../spec/index.ts";
import type { Context } from "../context.ts";

const status = z.object({ message_type: z.literal("status"), bytes_restored: z.number().default(0) });

/** Reports how far `restic restore` is, from its lines on stdout. */
export const restoreProgress =
  ({ report }: Context, { id, bytes }: ResticSnapshot) =>
  (line: string): void => {
    const { data } = status.safeParse(JSON.parse(line));
    if (data) report.progress("restoring", `restoring snapshot ${id.slice(0, 8)}`, data.bytes_restored, bytes);
  };
