import type { Plan } from "../../spec/index.ts";
import { type CronSchedule, nextRun } from "./next-run.ts";
import { oneRun, type RunEnd } from "./one-run.ts";
import { failedText, tryAgainAt } from "./try-again.ts";
import type { SchedulerWorld } from "./world.ts";

/**
 * The one run for which something else keeps the clock: after the plan's jitter, and again after a failure that may
 * pass, as long as the next run is not due before that.
 */
export const runOnce = async (
  world: Omit<SchedulerWorld, "save" | "network">,
  plan: Plan & { readonly schedule: CronSchedule },
): Promise<RunEnd> => {
  const { now, random, report, signal, wait } = world;
  const { schedule } = plan;
  const jitter = random((schedule.jitterSeconds ?? 0) * 1000 + 1);
  if (jitter > 0) report.step("run", `it begins at ${new Date(now().getTime() + jitter).toISOString()}`);
  await wait(jitter);
  for (let failures = 1; ; failures += 1) {
    const end = await oneRun(world, plan, signal);
    if (end.ok) return end;
    report.warning(failedText(end));
    const again = tryAgainAt(end, failures, now());
    if (again === undefined || again >= nextRun(schedule, now(), () => 0)) return end;
    report.step("run", `it is tried again at ${again.toISOString()}`);
    await wait(again.getTime() - now().getTime());
    if (signal.aborted) return end;
  }
};
