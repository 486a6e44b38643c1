import { describe, expect, test } from "vitest";
import { restore, resume, rollback } from "../../../launch/index.ts";
import type { Units } from "../../../launch/restore/units.ts";
import { JobError, type QuiescedUnit, type RestoreLaunch } from "../../../spec/index.ts";
import { fakeRunner } from "../support/fake-runner.ts";
import { record as closed, envelope, fakeWorld, restoreLaunch } from "../support/launches.ts";

const APP: QuiescedUnit = { kind: "container", container: "app" };
const SUPERVISOR: QuiescedUnit = { kind: "host", start: ["supervisorctl", "start", "app"] };

const launchWith = (quietSeconds = 0): RestoreLaunch => {
  const launch = restoreLaunch();
  const units = [
    { kind: "host", stop: ["supervisorctl", "stop", "app"], start: SUPERVISOR.start },
    { kind: "container", container: "app" },
  ] as const;
  const quiesce = { stop: [], start: [], units: [...units], probes: [], quietSeconds, timeoutSeconds: 5 };
  return { ...launch, plan: { ...launch.plan, quiesce } };
};

/** A host of two units; it notes what is done to it. */
const host = (changes: Partial<Units> = {}) => {
  const acts: string[] = [];
  const name = (unit: { kind: string }) => unit.kind;
  const units: Units = {
    running: async (unit) => [unit.kind === "host" ? SUPERVISOR : APP],
    stop: async (unit) => void acts.push(`stop ${name(unit)}`),
    back: async () => [],
    start: async (unit) => {
      acts.push(`start ${name(unit)}`);
      return { ok: true, text: "" };
    },
    probe: async () => ({ ok: true, text: "" }),
    ...changes,
  };
  return { acts, units };
};

const setUp = async (changes: Partial<Units> = {}, step?: string) => {
  const { identity, operator, recipients } = await envelope();
  const runner = fakeRunner({ identity, recipients }, step);
  const { acts, units } = host(changes);
  const world = { ...fakeWorld(runner.runJob, { RESTORABLE_IDENTITY: operator }), units };
  return { runner, acts, world };
};

describe("units of a Docker host around a swap", () => {
  test("are recorded before the first is stopped, stopped in order and started in the opposite one", async () => {
    const { runner, acts, world } = await setUp();
    runner.before = (action) => acts.push(action);
    expect((await restore(launchWith(), world)).ok).toBe(true);
    expect(acts.slice(acts.indexOf("quiescing"))).toEqual([
      ...["quiescing", "stop host", "stop container", "swap", "start container", "start host", "finish"],
    ]);
    const announced = runner.jobs.find((job) => job.kind === "restore" && job.action === "quiescing");
    expect(announced).toMatchObject({ quiesced: [JSON.stringify(SUPERVISOR), JSON.stringify(APP)] });
  });

  test("what runs again is named, and everything is started", async () => {
    let looks = 0;
    const { acts, world } = await setUp({
      back: async () => {
        looks += 1;
        return looks > 4 ? ["container app"] : [];
      },
    });
    const record = await restore(launchWith(30), world);
    expect(record.error).toMatchObject({
      code: "quiesce-failed",
      fact: "container app runs again after being stopped",
    });
    expect(acts).not.toContain("swap");
    expect(acts.slice(-2)).toEqual(["start container", "start host"]);
  });

  test("everything is tried although one does not start, and the record says which", async () => {
    const tried: string[] = [];
    const start: Units["start"] = async (unit) => {
      tried.push(unit.kind);
      return { ok: unit.kind !== "container", text: "no such image" };
    };
    const { world } = await setUp({ start });
    const record = await restore(launchWith(), world);
    expect(tried).toEqual(["container", "host"]);
    expect(record).toMatchObject({ ok: false, error: { code: "probe-failed" } });
    expect(record.error?.fact).toContain("no such image");
  });

  test("what cannot be stopped is found out before anything is restored", async () => {
    const missing = new JobError("missing-container", "there is no container 'app'", "correct the plan");
    const { runner, acts, world } = await setUp({ running: () => Promise.reject(missing) });
    expect(await restore(launchWith(), world)).toMatchObject({ ok: false, error: { code: "missing-container" } });
    expect([runner.calls, acts]).toEqual([["open"], []]);
  });

  test("whoever comes after a kill starts what the journal says, and nothing else", async () => {
    const { runner, acts, world } = await setUp({}, "swapping");
    const runJob: typeof world.runJob = async (job, options) => {
      const result = await runner.runJob(job, options);
      return result.ok && result.kind === "restore" ? { ...result, quiesced: [JSON.stringify(APP)] } : result;
    };
    expect((await resume(launchWith(), { ...world, runJob })).ok).toBe(true);
    expect(acts).toEqual(["start container"]);
  });

  test("what a launcher stopped that died before it started it runs after a rollback", async () => {
    const { runner, acts, world } = await setUp({ running: async () => [] }, "finished");
    const request = { ...launchWith(), kind: "restore", action: "finish" } as const;
    [runner.closed, runner.stopped] = [closed(request, true), true];
    const runJob: typeof world.runJob = async (job, options) => {
      const result = await runner.runJob(job, options);
      return result.ok && result.kind === "restore" ? { ...result, quiesced: [JSON.stringify(APP)] } : result;
    };
    expect((await rollback(launchWith(), { ...world, runJob })).ok).toBe(true);
    expect(acts.at(-1)).toBe("start container");
    expect(runner.stopped).toBe(false);
  });
});

describe("the lease of a killed job", () => {
  const left = async (running: string | undefined, busyLooks: number) => {
    const { runner, acts, world } = await setUp({}, "swapping");
    runner.busyLooks = busyLooks;
    return { runner, acts, world: { ...world, orphans: { running: async () => running, leaseSeconds: 20 } } };
  };

  test("is waited for where its container is gone", async () => {
    const { runner, world } = await left(undefined, 3);
    await resume(launchWith(), world);
    expect(runner.calls.filter((call) => call === "recover").length).toBeGreaterThan(2);
  });

  test("is respected while its container runs, and no longer than it can last", async () => {
    const living = await left("restore-1", 100);
    await expect(resume(launchWith(), living.world)).rejects.toMatchObject({ code: "busy" });
    expect(living.runner.calls).toEqual(["state", "recover"]);
    const foreign = await left(undefined, 100);
    await expect(resume(launchWith(), foreign.world)).rejects.toMatchObject({ code: "busy" });
    expect(foreign.runner.calls.length).toBeLessThan(10);
  });
});
