import type { OrphansJob, ResultOf } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { orphanReports } from "../orphans/report.ts";

type Body = Pick<ResultOf<"orphans">, "kind" | "healthy" | "reports">;

/** Compares rows with files and objects, both ways; read-only. */
export const orphans = async (context: Context, { plan, limit }: OrphansJob): Promise<Body> => {
  const reports = await orphanReports(context, plan, limit);
  return {
    kind: "orphans",
    healthy: reports.every(({ missing, extra }) => missing.count + extra.count === 0),
    reports: [...reports],
  };
};
