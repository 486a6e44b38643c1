import { expect, test } from "vitest";
import { resume, rollback } from "../../../launch/index.ts";
import { JobError } from "../../../spec/index.ts";
import { fakeRunner } from "../support/fake-runner.ts";
import { fakeWorld, record, restoreLaunch } from "../support/launches.ts";

const restoreJob = { ...restoreLaunch(), kind: "restore", action: "finish" } as const;

const setUp = (step: string, program?: Parameters<typeof fakeWorld>[2]) => {
  const runner = fakeRunner({ identity: "", recipients: [] }, step);
  return { runner, world: fakeWorld(runner.runJob, {}, program) };
};

test("[core.6] resume completes what was swapped and starts the application", async () => {
  const { runner, world } = setUp("swapping");
  expect((await resume(restoreLaunch(), world)).ok).toBe(true);
  expect(runner.calls).toEqual(["state", "recover", "finish"]);
  expect(world.programs).toEqual(["start app", "probe app"]);
});

test("resume refuses while the restore lives", async () => {
  const { runner, world } = setUp("swapping");
  runner.busyLooks = 1;
  await expect(resume(restoreLaunch(), world)).rejects.toMatchObject({ code: "busy" });
  expect(world.programs).toEqual([]);
});

test("resume of an unknown id says so", async () => {
  const { world } = setUp("none");
  await expect(resume(restoreLaunch(), world)).rejects.toMatchObject({ fact: "the ledger knows no restore 'one'" });
});

test("resume of a finished restore only starts the application", async () => {
  const { runner, world } = setUp("swapped");
  const first = await resume(restoreLaunch(), world);
  world.programs.length = 0;
  runner.calls.length = 0;
  expect(await resume(restoreLaunch(), world)).toEqual(first);
  expect(runner.calls).toEqual(["state"]);
  expect(world.programs).toEqual(["start app", "probe app"]);
});

test("rollback stops, swaps back and starts", async () => {
  const { runner, world } = setUp("finished");
  runner.closed = record(restoreJob, true);
  expect((await rollback(restoreLaunch(), world)).ok).toBe(true);
  expect(runner.calls).toEqual(["state", "quiescing", "rollback", "finish"]);
  expect(runner.step).toBe("rolled-back");
  expect(world.programs).toEqual(["stop app", "start app", "probe app"]);
});

test("[core.6] a rollback that fails reports its own reason and starts the application", async () => {
  const { runner, world } = setUp("finished", async ([first]) => ({ ok: first !== "start", text: "start failed" }));
  runner.closed = record(restoreJob, true);
  runner.fails.rollback = new JobError("cannot-swap", "the superseded data are gone", "restore again");
  await expect(rollback(restoreLaunch(), world)).rejects.toMatchObject({ code: "cannot-swap" });
  expect(world.programs).toEqual(["stop app", "start app"]);
  expect(world.said.at(-1)).toContain("start failed");
});

test("a rollback that broke off in the middle leaves the application stopped and says how to go on", async () => {
  const { runner, world } = setUp("finished");
  runner.closed = record(restoreJob, true);
  runner.fails.rollback = new JobError("cannot-swap", "somebody renamed a database", "look");
  runner.fails.recover = new JobError("cannot-swap", "somebody renamed a database", "look");
  await expect(rollback(restoreLaunch(), world)).rejects.toMatchObject({ code: "cannot-swap" });
  expect(world.programs).toEqual(["stop app"]);
  expect(world.said.at(-1)).toContain("restorable resume");
});

test("[core.13] a killed rollback is completed by rollback and by resume", async () => {
  for (const act of [rollback, resume]) {
    const { runner, world } = setUp("rolling-back");
    expect((await act(restoreLaunch(), world)).ok).toBe(true);
    expect(runner.step).toBe("rolled-back");
    expect(world.programs).toEqual(["start app", "probe app"]);
  }
});

test("[core.6] a rollback whose application cannot be stopped is forgotten, and the application started", async () => {
  const { runner, world } = setUp("finished", async ([first]) => ({ ok: first !== "stop", text: "stop failed" }));
  runner.closed = record(restoreJob, true);
  await expect(rollback(restoreLaunch(), world)).rejects.toMatchObject({ code: "quiesce-failed" });
  expect(runner.calls).toEqual(["state", "quiescing", "recover", "finish"]);
  expect(runner.stopped).toBe(false);
  expect(runner.step).toBe("finished");
  expect(world.programs).toContain("start app");
});

test("[core.6] a launcher killed between the announcement of a rollback and its swap: resume starts the application", async () => {
  const { runner, world } = setUp("rolling-back");
  runner.rollingBack = false;
  runner.closed = record(restoreJob, true);
  expect((await resume(restoreLaunch(), world)).ok).toBe(true);
  expect(runner.step).toBe("finished");
  expect(world.programs).toEqual(["start app", "probe app"]);
});
