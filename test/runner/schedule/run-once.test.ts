import { expect, test } from "vitest";
import type { CronSchedule } from "../../../runner/schedule/next-run.ts";
import { runOnce } from "../../../runner/schedule/run-once.ts";
import type { Plan } from "../../../spec/index.ts";
import { type Behaviour, backedUp, checked, failing, fakeWorld, pruned, scheduledPlan } from "./fake-world.ts";

const POINT = "20261121T020000Z-7f3a";
const OK: Behaviour = (job) => ({
  result: job.kind === "backup" ? backedUp(POINT) : job.kind === "prune" ? pruned : checked(POINT),
});
const plan = (...args: Parameters<typeof scheduledPlan>) =>
  scheduledPlan(...args) as Plan & { readonly schedule: CronSchedule };
const BEGIN = "2026-11-21T02:00:00.000Z";

test("one run is a backup, then a prune where there is a retention, then a check, and that is all", async () => {
  const { world, jobs } = fakeWorld(BEGIN, "2026-11-23T00:00:00Z", OK);
  const end = await runOnce(world, plan("0 2 * * *", { retention: { keepDaily: 7, minimum: 3 } }));
  expect(end).toMatchObject({ ok: true, point: POINT });
  expect(jobs.map(({ kind }) => kind)).toEqual(["backup", "prune", "check"]);
  expect(jobs[0]?.began).toBe(BEGIN);
});

test("it begins later by the plan's jitter", async () => {
  const { world, jobs } = fakeWorld(BEGIN, "2026-11-23T00:00:00Z", OK, { random: (below) => below - 1 });
  await runOnce(world, plan("0 2 * * *", {}, 90));
  expect(jobs[0]?.began).toBe("2026-11-21T02:01:30.000Z");
});

test("what may pass is tried again, later and later, and ends at the first success", async () => {
  let tries = 0;
  const { world, jobs, warnings } = fakeWorld(BEGIN, "2026-11-23T00:00:00Z", (job, at, signal) => {
    if (job.kind !== "backup") return OK(job, at, signal);
    tries += 1;
    return tries < 3 ? { result: failing("database-unreachable") } : OK(job, at, signal);
  });
  expect((await runOnce(world, plan("0 2 * * *"))).ok).toBe(true);
  const began = jobs.filter(({ kind }) => kind === "backup").map((job) => job.began);
  expect(began).toEqual([BEGIN, "2026-11-21T02:02:00.000Z", "2026-11-21T02:12:00.000Z"]);
  expect(warnings).toHaveLength(2);
});

test.each([
  ["needs a person", "bad-credentials", "0 2 * * *"],
  ["would be tried when the next run is due", "database-unreachable", "* * * * *"],
] as const)("a failure that %s ends it", async (_what, code, cron) => {
  const { world, jobs } = fakeWorld(BEGIN, "2026-11-23T00:00:00Z", () => ({ result: failing(code) }));
  const end = await runOnce(world, plan(cron));
  expect(end).toMatchObject({ ok: false, error: { code } });
  expect(jobs).toHaveLength(1);
});

test("told to stop between two tries it ends with the failure that it had", async () => {
  const { world, jobs } = fakeWorld(BEGIN, "2026-11-21T02:01:00Z", () => ({ result: failing("database-unreachable") }));
  expect(await runOnce(world, plan("0 2 * * *"))).toMatchObject({ ok: false, error: { code: "database-unreachable" } });
  expect(jobs).toHaveLength(1);
});
