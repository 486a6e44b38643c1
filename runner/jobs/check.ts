import type { CheckJob, ResultOf } from "../../spec/index.ts";
import { readCatalog } from "../catalog/read-catalog.ts";
import { artifactsCheck } from "../check/artifacts-check.ts";
import { copyChecks, versionChecks } from "../check/copies.ts";
import { filesCheck } from "../check/files-check.ts";
import { freshness } from "../check/freshness.ts";
import type { Context } from "../context.ts";
import { openPlanStore, openRootStore } from "./plan-store.ts";

type Body = Pick<ResultOf<"check">, "kind" | "healthy" | "checks" | "newest" | "ageSeconds">;

/** Reads the catalog and judges it by the store's clock, because this machine's may be wrong. */
export const check = async (context: Context, job: CheckJob): Promise<Body> => {
  const store = openPlanStore(context, job.repository, job.plan, "reader");
  context.report.step("check", `looking at ${store.name}`);
  const [{ points, unreadable }, now] = await Promise.all([
    readCatalog(context, store, job.repository, job.plan),
    store.clock(),
  ]);
  const found = freshness({ points, unreadable, schedule: job.schedule, drills: job.drills, now });
  const more = [
    ...(await artifactsCheck(store, openRootStore(context, job.repository, "reader"), points)),
    ...(await copyChecks(context, store, points)),
    ...(await versionChecks(context, job.objects ?? [])),
    ...(await filesCheck(store, points)),
  ];
  return {
    kind: "check",
    ...found,
    checks: [...found.checks, ...more],
    healthy: found.healthy && more.every(({ ok }) => ok),
  };
};
