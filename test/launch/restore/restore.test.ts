import { expect, test } from "vitest";
import { restore } from "../../../launch/index.ts";
import { JobError, type RestoreJob } from "../../../spec/index.ts";
import { fakeRunner, POINT } from "../support/fake-runner.ts";
import { envelope, fakeWorld, restoreLaunch } from "../support/launches.ts";

const setUp = async (options: { step?: string; program?: Parameters<typeof fakeWorld>[2] } = {}) => {
  const sealed = await envelope();
  const runner = fakeRunner(sealed, options.step);
  const world = fakeWorld(runner.runJob, { RESTORABLE_IDENTITY: sealed.operator }, options.program);
  return { sealed, runner, world };
};

const failing =
  (file: string) =>
  async ([first]: readonly string[]) =>
    first === file ? { ok: false, text: `${file} app ended with exit code 1` } : { ok: true, text: "" };

const ALL = ["open", "prepare", "quiescing", "swap", "finish"];
const PROGRAMS = ["stop app", "start app", "probe app"];

test("a restore goes through its actions in order, with the application stopped only around the swap", async () => {
  const { runner, world } = await setUp();
  const order: string[] = [];
  runner.before = (action) => order.push(action);
  const record = await restore(restoreLaunch(), {
    ...world,
    runProgram: async (argv) => {
      order.push(argv.join(" "));
      return { ok: true, text: "" };
    },
  });
  expect(record.ok).toBe(true);
  expect(order).toEqual([...ALL.slice(0, 3), "stop app", "swap", "start app", "probe app", "finish"]);
});

test("the runner gets the point's own key, never the operator's, and the point that was opened", async () => {
  const { runner, world, sealed } = await setUp();
  await restore(restoreLaunch(), world);
  const prepare = runner.calls.indexOf("prepare");
  const job = runner.jobs[prepare] as RestoreJob;
  expect(job.identity).toEqual({ kind: "env", name: "RESTORABLE_POINT_IDENTITY" });
  expect(runner.options[prepare]?.secrets.RESTORABLE_POINT_IDENTITY).toBe(`${sealed.point}\n`);
  expect(job.request.point).toBe(POINT);
  expect(job.requestDigest).toBe("0".repeat(64));
  expect(JSON.stringify(runner.jobs)).not.toContain("AGE-SECRET-KEY");
});

test("into another database nothing is stopped", async () => {
  const { runner, world } = await setUp();
  const record = await restore(restoreLaunch({ database: "packit_check" }), world);
  expect(record.ok).toBe(true);
  expect(runner.calls).toEqual(["open", "prepare", "finish"]);
  expect(world.programs).toEqual([]);
});

test("a failure while preparing is undone with the application untouched", async () => {
  const { runner, world } = await setUp();
  runner.fails.prepare = new JobError("counts-differ", "public.users has 3 rows instead of 4", "look");
  const record = await restore(restoreLaunch(), world);
  expect(record).toMatchObject({ ok: false, error: { code: "counts-differ" } });
  expect(runner.calls).toEqual(["open", "prepare", "recover"]);
  expect(world.programs).toEqual([]);
});

test.each(["busy", "request-id-used"] as const)(
  "a target that is %s is somebody else's: nothing is undone",
  async (code) => {
    const { runner, world } = await setUp();
    runner.fails.prepare = new JobError(code, "not yours", "wait");
    const record = await restore(restoreLaunch(), world);
    expect(record).toMatchObject({ ok: false, error: { code } });
    expect(runner.calls).not.toContain("recover");
  },
);

test("[core.6] when stopping fails the restore is undone and the application is started", async () => {
  const { runner, world } = await setUp({ program: failing("stop") });
  const record = await restore(restoreLaunch(), world);
  expect(record).toMatchObject({
    ok: false,
    error: { code: "quiesce-failed", fact: "stop app ended with exit code 1" },
  });
  expect(runner.calls).toEqual([...ALL.slice(0, 3), "recover", "finish"]);
  expect(world.programs).toEqual(PROGRAMS);
});

test("[core.6] when the swap fails the runner settles it and the application is started", async () => {
  const { runner, world } = await setUp();
  runner.fails.swap = new JobError("cannot-swap", "somebody is connected", "look");
  const record = await restore(restoreLaunch(), world);
  expect(record.ok).toBe(false);
  expect(runner.calls).toEqual([...ALL.slice(0, 4), "recover", "finish"]);
  expect(world.programs).toEqual(PROGRAMS);
});

test("[core.6] when the job that swaps can never be started the application runs again, on its old data", async () => {
  const { runner, world } = await setUp();
  for (const action of ["swap", "recover", "finish"] as const)
    runner.fails[action] = new JobError("cannot-start", "the quota is used up", "look");
  const record = await restore(restoreLaunch(), world);
  expect(record).toMatchObject({ ok: false, error: { code: "cannot-start" } });
  expect(runner.calls).toEqual([...ALL.slice(0, 4), "recover", "finish"]);
  expect(world.programs).toEqual(PROGRAMS);
});

test("when a swap can be neither completed nor undone the application stays stopped, and the record says so", async () => {
  const { runner, world } = await setUp();
  runner.fails.swap = new JobError("cannot-swap", "somebody is connected", "look");
  runner.fails.recover = new JobError("database-unreachable", "the server is gone", "look");
  const record = await restore(restoreLaunch(), world);
  expect(record.error?.fact).toContain(
    "somebody is connected; and then: the server is gone; the application stays stopped",
  );
  expect(record.error?.hint).toContain("restorable resume");
  expect(runner.calls.filter((call) => call === "recover")).toHaveLength(4);
  expect(world.programs).toEqual(["stop app"]);
});

test("[core.6] when the application was stopped and the copy cannot be removed, it is started on its whole data", async () => {
  const { runner, world } = await setUp({ program: failing("stop") });
  runner.fails.recover = new JobError("too-few-rights", "the copy cannot be dropped", "look");
  runner.fails.finish = new JobError("restore-failed", "it is at step 'quiescing'", "look");
  const record = await restore(restoreLaunch(), world);
  expect(record).toMatchObject({ ok: false, error: { code: "quiesce-failed" } });
  expect(world.programs).toEqual(PROGRAMS);
});

test("a recovery that fails for a passing reason is tried again", async () => {
  const { runner, world } = await setUp();
  runner.fails.swap = new JobError("cannot-swap", "somebody is connected", "look");
  runner.fails.recover = new JobError("database-unreachable", "the server restarts", "look");
  runner.before = (action) => {
    if (action === "recover" && runner.calls.filter((call) => call === "recover").length === 3)
      delete runner.fails.recover;
  };
  await restore(restoreLaunch(), world);
  expect(world.programs).toEqual(PROGRAMS);
});

test("a runner that was killed in the swap is completed, and the record says that it succeeded", async () => {
  const { runner, world } = await setUp();
  runner.before = (action) => {
    if (action !== "swap") return;
    runner.step = "swapping";
    throw new JobError("process-failed", "the restore job ended by SIGKILL without a result", "run it again");
  };
  const record = await restore(restoreLaunch(), world);
  expect(record.ok).toBe(true);
  expect(runner.calls).toEqual([...ALL.slice(0, 4), "recover", "finish"]);
});

test("an application that does not answer is a failed restore, told to the journal", async () => {
  const { runner, world } = await setUp({ program: failing("probe") });
  const record = await restore(restoreLaunch(), world);
  expect(record).toMatchObject({ ok: false, error: { code: "probe-failed" } });
  expect((runner.jobs.at(-1) as RestoreJob).failure?.code).toBe("probe-failed");
  expect(world.programs.filter((name) => name === "probe app")).toHaveLength(5);
});

test("an interrupt after the application was stopped undoes and starts it", async () => {
  const { runner, world } = await setUp({
    program: async (argv) => {
      if (argv[0] === "stop") world.interrupt(new JobError("interrupted", "told to stop by SIGINT", "ask again"));
      return { ok: true, text: "" };
    },
  });
  const record = await restore(restoreLaunch(), world);
  expect(record).toMatchObject({ ok: false, error: { code: "interrupted" } });
  expect(runner.calls).not.toContain("swap");
  expect(world.programs).toEqual(PROGRAMS);
});

test("an interrupt during the swap lets it come to its end", async () => {
  const { runner, world } = await setUp();
  runner.before = (action) => {
    if (action === "swap") world.interrupt(new JobError("interrupted", "told to stop by SIGINT", "ask again"));
  };
  const record = await restore(restoreLaunch(), world);
  expect(record.ok).toBe(true);
  expect(runner.options[runner.calls.indexOf("swap")]?.signal.aborted).toBe(false);
});

test("a request that has ended is only reported", async () => {
  const { runner, world } = await setUp();
  const first = await restore(restoreLaunch(), world);
  runner.calls.length = 0;
  world.programs.length = 0;
  expect(await restore(restoreLaunch(), world)).toEqual(first);
  expect(runner.calls).toEqual(["open"]);
  expect(world.programs).toEqual([]);
});

test("[core.13] two launchers killed in turn, the second after the recovery: the same request starts the application, once", async () => {
  const { runner, world } = await setUp({ step: "quiescing" });
  runner.stopped = true;
  let recovered = false;
  runner.before = (action) => {
    if (action === "recover") recovered = true;
  };
  const died = { ...world, runProgram: () => Promise.reject(new Error("killed")) };
  const actions = runner.runJob;
  // The second one dies with its first act after the recovery.
  const dying = await restore(restoreLaunch(), {
    ...died,
    runJob: (job, options) => (recovered ? Promise.reject(new Error("killed")) : actions(job, options)),
  });
  expect([dying.ok, runner.step, runner.stopped]).toEqual([false, "undone", true]);
  runner.calls.length = 0;
  const record = await restore(restoreLaunch(), world);
  expect(record).toEqual(runner.closed);
  expect(runner.calls).toEqual(["open", "finish"]);
  expect(world.programs).toEqual(["start app", "probe app"]);
  expect(await restore(restoreLaunch(), world)).toEqual(record);
  expect(world.programs).toEqual(["start app", "probe app"]);
});

test("a restore that another process runs is waited for", async () => {
  const { runner, world } = await setUp({ step: "restoring" });
  runner.busyLooks = 2;
  const record = await restore(restoreLaunch(), world);
  expect(runner.calls).toEqual(["open", "recover", "open", "recover", "open"]);
  expect(world.programs).toEqual([]);
  expect(record.ok).toBe(true);
});

test.each(["claimed", "restoring", "hooked"])(
  "[core.13] a run killed at %s is undone; the application never stopped",
  async (step) => {
    const { runner, world } = await setUp({ step });
    const record = await restore(restoreLaunch(), world);
    expect(record.ok).toBe(false);
    expect(runner.calls).toEqual(["open", "recover"]);
    expect(world.programs).toEqual([]);
  },
);

test.each([
  ["quiescing", false],
  ["swapping", true],
  ["swapped", true],
] as const)("[core.6] [core.13] a run killed at %s is settled and the application started", async (step, ok) => {
  const { world } = await setUp({ step });
  const record = await restore(restoreLaunch(), world);
  expect(record.ok).toBe(ok);
  expect(world.programs).toEqual(["start app", "probe app"]);
});

test("a key that is no recipient's is named, before the runner is asked for anything", async () => {
  const { runner, world, sealed } = await setUp();
  const other = await envelope();
  const secrets = { RESTORABLE_IDENTITY: other.operator };
  const record = await restore(restoreLaunch(), {
    ...fakeWorld(runner.runJob, secrets),
    programs: world.programs,
  } as never);
  expect(record.error?.code).toBe("wrong-key");
  expect(record.error?.fact).toContain(other.recipients[0]);
  expect(record.error?.fact).toContain(sealed.recipients[0]);
  expect(record.error?.fact).not.toContain("AGE-SECRET-KEY");
  expect(runner.calls).toEqual(["open"]);
});

test("without an identity the record says what to give", async () => {
  const { runner } = await setUp();
  const record = await restore(restoreLaunch(), fakeWorld(runner.runJob, {}));
  expect(record).toMatchObject({
    ok: false,
    error: { code: "missing-secret", hint: expect.stringContaining("RESTORABLE_IDENTITY") },
  });
});
