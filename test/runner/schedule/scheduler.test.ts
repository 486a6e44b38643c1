import { expect, test } from "vitest";
import { runScheduler } from "../../../runner/schedule/scheduler.ts";
import type { Job } from "../../../spec/index.ts";
import {
  type Behaviour,
  backedUp,
  checked,
  copiedWith,
  failing,
  fakeWorld,
  pruned,
  scheduledPlan,
} from "./fake-world.ts";

/** So late that no run was missed, whenever a test begins. */
const NEWEST = "20261121T235900Z-7f3a";
const OK: Behaviour = (job) => ({
  result: job.kind === "backup" ? backedUp(NEWEST) : job.kind === "prune" ? pruned : checked(NEWEST),
});
const backups = (jobs: readonly { kind: Job["kind"]; began: string }[]) =>
  jobs.filter(({ kind }) => kind === "backup").map(({ began }) => began);

test("it runs when the schedule says, with seconds, and not before", async () => {
  const { world, jobs } = fakeWorld("2026-11-21T03:00:00.500Z", "2026-11-21T03:00:22Z", OK);
  await runScheduler(world, scheduledPlan("*/10 * * * * *"));
  expect(backups(jobs)).toEqual(["2026-11-21T03:00:10.000Z", "2026-11-21T03:00:20.000Z"]);
});

test("a run is seen in the state from its beginning, also one that takes no time", async () => {
  const { world, states } = fakeWorld("2026-11-21T03:00:00.500Z", "2026-11-21T03:00:12Z", OK);
  await runScheduler(world, scheduledPlan("*/10 * * * * *"));
  expect(states.some(({ running }) => running === "2026-11-21T03:00:10.000Z")).toBe(true);
});

test("each run is a backup, then a prune where there is a retention, then a check", async () => {
  const retention = { keepDaily: 7, minimum: 3 };
  const { world, jobs, states } = fakeWorld("2026-11-21T01:59:00Z", "2026-11-21T02:01:00Z", OK);
  await runScheduler(world, scheduledPlan("0 2 * * *", { retention }));
  expect(jobs.map(({ kind }) => kind)).toEqual(["check", "backup", "prune", "check"]);
  expect(states.at(-1)?.last).toMatchObject({ ok: true, point: NEWEST });
});

test("[chipster.8] a plan that copies does so by its schedule, keeps by its own retention, and is unhealthy when a point could not be copied", async () => {
  const taken = scheduledPlan("12 6 * * *", { retention: { keepDaily: 90, minimum: 3 } });
  const { repository } = taken;
  const to = { ...repository, location: { kind: "directory" as const, path: "/srv/archive" } };
  const plan = { ...taken, name: "archive", sources: [], repository: to, copyOf: { repository, plan: taken.name } };
  const problems = [{ point: NEWEST, fact: "a bit flipped" }];
  const answer: Behaviour = (job, at, signal) =>
    job.kind === "copy" ? { result: copiedWith(problems) } : OK(job, at, signal);
  const { world, jobs, states } = fakeWorld("2026-11-21T06:11:00Z", "2026-11-21T06:13:00Z", answer);
  await runScheduler(world, plan);
  expect(jobs.map(({ kind }) => kind)).toEqual(["check", "copy"]);
  expect(states.at(-1)?.last).toMatchObject({ ok: false, error: { code: "unhealthy" } });
  const ordinary = fakeWorld("2026-11-21T06:11:00Z", "2026-11-21T06:13:00Z", answer);
  await runScheduler(ordinary.world, { ...plan, criticality: "ordinary" });
  expect(ordinary.states.at(-1)?.last).toMatchObject({ error: { code: "degraded" } });
  const good = fakeWorld("2026-11-21T06:11:00Z", "2026-11-21T06:13:00Z", (job, at, signal) =>
    job.kind === "copy" ? { result: copiedWith([]) } : OK(job, at, signal),
  );
  await runScheduler(good.world, plan);
  expect(good.jobs.map(({ kind }) => kind)).toEqual(["check", "copy", "prune", "check"]);
});

test("a run that takes longer than the interval is never overlapped; what was due meanwhile is left out", async () => {
  const { world, jobs } = fakeWorld("2026-11-21T03:00:00Z", "2026-11-21T03:02:00Z", (job, at, signal) => ({
    ...OK(job, at, signal),
    seconds: job.kind === "backup" ? 25 : 0,
  }));
  await runScheduler(world, scheduledPlan("*/10 * * * * *"));
  expect(backups(jobs).slice(0, 3)).toEqual([
    "2026-11-21T03:00:10.000Z",
    "2026-11-21T03:00:40.000Z",
    "2026-11-21T03:01:10.000Z",
  ]);
});

test.each([
  [
    "older than the last run that was due: taken up at once, and once",
    "20261120T020000Z-7f3a",
    ["2026-11-21T09:00:00.000Z"],
  ],
  ["of the last run that was due", "20261121T020003Z-7f3a", []],
  ["taken by hand since", "20261121T083000Z-7f3a", []],
  ["none: a new plan has missed nothing", undefined, []],
])("a newest point that is %s", async (_what, newest, expected) => {
  const { world, jobs } = fakeWorld("2026-11-21T09:00:00Z", "2026-11-21T12:00:00Z", (job, at, signal) =>
    job.kind === "check" ? { result: checked(newest) } : OK(job, at, signal),
  );
  await runScheduler(world, scheduledPlan("0 2 * * *"));
  expect(backups(jobs)).toEqual(expected);
});

test("a catalog that cannot be read at the start is asked again; then a missed run is taken up", async () => {
  let asked = 0;
  const { world, jobs } = fakeWorld("2026-11-21T09:00:00Z", "2026-11-21T10:00:00Z", (job, at, signal) => {
    if (job.kind !== "check") return OK(job, at, signal);
    asked += 1;
    return { result: asked < 3 ? failing("database-unreachable") : checked("20261119T020000Z-7f3a") };
  });
  await runScheduler(world, scheduledPlan("0 2 * * *"));
  expect(backups(jobs)).toEqual(["2026-11-21T09:01:00.000Z"]);
});

test("a failure that may pass is tried again three times, later and later; another one waits for the schedule", async () => {
  const run = async (code: "database-unreachable" | "bad-credentials") => {
    const { world, jobs, states, warnings } = fakeWorld(
      "2026-11-21T01:59:00Z",
      "2026-11-22T01:00:00Z",
      (job, at, signal) => (job.kind === "backup" ? { result: failing(code) } : OK(job, at, signal)),
    );
    await runScheduler(world, scheduledPlan("0 2 * * *", { retention: { keepDaily: 1, minimum: 1 } }));
    expect(states.at(-1)?.last).toMatchObject({ ok: false, error: { code } });
    expect(jobs.some(({ kind }) => kind === "prune")).toBe(false);
    expect(warnings[0]).toContain(`the backup failed: it is ${code}`);
    return backups(jobs).map((began) => began.slice(11, 19));
  };
  expect(await run("database-unreachable")).toEqual(["02:00:00", "02:02:00", "02:12:00", "02:42:00"]);
  expect(await run("bad-credentials")).toEqual(["02:00:00"]);
});

test("a run after a failed one makes the state good again", async () => {
  let runs = 0;
  const { world, states } = fakeWorld("2026-11-21T01:59:00Z", "2026-11-21T02:03:00Z", (job, at, signal) => {
    if (job.kind !== "backup") return OK(job, at, signal);
    runs += 1;
    return { result: runs === 1 ? failing("database-unreachable") : backedUp(NEWEST) };
  });
  await runScheduler(world, scheduledPlan("0 2 * * *"));
  expect([...new Set(states.map(({ last }) => last?.ok))]).toEqual([undefined, false, true]);
});

test("a plan that its check calls unhealthy is a failed run, although the point was taken", async () => {
  const { world, states } = fakeWorld("2026-11-21T01:59:00Z", "2026-11-21T02:00:30Z", (job, at, signal) =>
    job.kind === "check" ? { result: checked(NEWEST, at.getUTCHours() < 2) } : OK(job, at, signal),
  );
  await runScheduler(world, scheduledPlan("0 2 * * *"));
  expect(states.at(-1)?.last).toMatchObject({
    ok: false,
    point: NEWEST,
    error: { code: "unhealthy", fact: expect.stringContaining("it shrank") },
  });
});

test("jitter delays a run by at most what the plan says, and by every value in between", async () => {
  for (const [share, began] of [
    [0, "02:00:00.000"],
    [0.5, "02:00:30.000"],
    [1, "02:01:00.000"],
  ] as const) {
    const { world, jobs } = fakeWorld("2026-11-21T01:59:00Z", "2026-11-21T02:30:00Z", OK, {
      random: (below) => Math.floor(share * (below - 1)),
    });
    await runScheduler(world, scheduledPlan("0 2 * * *", {}, 60));
    expect(backups(jobs).map((at) => at.slice(11, 23))).toEqual([began]);
  }
});

test("it gives signs of life while it waits and while a job runs", async () => {
  const { world, states } = fakeWorld("2026-11-21T01:59:00Z", "2026-11-21T02:04:00Z", (job, at, signal) => ({
    ...OK(job, at, signal),
    seconds: job.kind === "backup" ? 120 : 0,
  }));
  await runScheduler(world, scheduledPlan("0 2 * * *"));
  const times = states.map(({ at }) => Date.parse(at));
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(6_000);
  expect(states.some(({ running }) => running === "2026-11-21T02:00:00.000Z")).toBe(true);
});

test("told to stop during a run, it passes that on and ends when the job has ended", async () => {
  const { world, jobs, states } = fakeWorld("2026-11-21T01:59:00Z", "2026-11-21T02:00:10Z", (job, at, signal) => ({
    ...OK(job, at, signal),
    seconds: job.kind === "backup" ? 3600 : 0,
  }));
  await runScheduler(world, scheduledPlan("0 2 * * *"));
  expect(jobs.at(-1)).toMatchObject({ kind: "backup", ended: expect.stringMatching(/02:00:1\d/) });
  expect(states.at(-1)?.at.slice(11, 17)).toBe("02:00:");
});

test("cut off from the application it waits, stops what runs, says so, and ends once the application is back", async () => {
  const network = (at: Date) => {
    const minute = at.getUTCMinutes();
    return minute < 1 ? "joined" : minute < 10 ? "lost" : "back";
  };
  const fake = fakeWorld(
    "2026-11-21T01:59:30Z",
    "2026-11-21T03:00:00Z",
    (job, at, signal) => ({ ...OK(job, at, signal), seconds: job.kind === "backup" ? 3600 : 0 }),
    { network: (at) => (at.getUTCHours() < 2 ? "joined" : network(at)) },
  );
  await expect(runScheduler(fake.world, scheduledPlan("0 2 * * *"))).rejects.toMatchObject({
    code: "network-lost",
    fact: expect.stringContaining("app"),
  });
  expect(fake.jobs.at(-1)).toMatchObject({ kind: "backup", ended: expect.stringMatching(/02:01:0\d/) });
  // The second try, two minutes later, is not begun while nothing can be reached.
  expect(backups(fake.jobs)).toHaveLength(1);
  expect(fake.states.at(-1)?.problem).toContain("container app");
  expect(fake.world.now().toISOString().slice(11, 16)).toBe("02:10");
});

test("a joined container that was removed ends it with what to do", async () => {
  const { world } = fakeWorld("2026-11-21T01:59:30Z", "2026-11-21T03:00:00Z", OK, { network: () => "removed" });
  await expect(runScheduler(world, scheduledPlan("0 2 * * *"))).rejects.toMatchObject({
    code: "network-lost",
    hint: expect.stringContaining("pulumi up --refresh"),
  });
});
