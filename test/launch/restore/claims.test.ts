import { describe, expect, test } from "vitest";
import { restore, resume } from "../../../launch/index.ts";
import type { Claims, Units } from "../../../launch/restore/units.ts";
import { JobError, type QuiescedClaim, type RestoreLaunch } from "../../../spec/index.ts";
import { fakeRunner } from "../support/fake-runner.ts";
import { envelope, fakeWorld, restoreLaunch } from "../support/launches.ts";

const CLAIM: QuiescedClaim = {
  kind: "claim",
  name: "data-db-0",
  uid: "1",
  workload: { kind: "workload", resource: "StatefulSet", name: "db", replicas: 1 },
  labels: {},
  annotations: {},
  spec: {},
};

const launch = (): RestoreLaunch => {
  const { request, ...rest } = restoreLaunch();
  return { ...rest, request: { ...request, into: { inPlace: { recreateClaims: [CLAIM.name] } } } };
};

/** A cluster of one claim; it notes what is done to it, and what the runner is asked for. */
const setUp = async (changes: Partial<Claims> = {}, step?: string) => {
  const { identity, operator, recipients } = await envelope();
  const runner = fakeRunner({ identity, recipients }, step);
  const acts: string[] = [];
  runner.before = (action) => acts.push(action);
  const units: Units = {
    running: async () => [],
    stop: async () => undefined,
    back: async () => [],
    start: async ({ kind }) => {
      acts.push(`start ${kind}`);
      return { ok: true, text: "" };
    },
    probe: async () => ({ ok: true, text: "" }),
    claims: {
      find: async () => [CLAIM],
      recreate: async ({ name }) => void acts.push(`recreate ${name}`),
      ...changes,
    },
  };
  const world = { ...fakeWorld(runner.runJob, { RESTORABLE_IDENTITY: operator }), units };
  return { runner, acts, world };
};

const after = (acts: readonly string[], action: string) => acts.slice(acts.indexOf(action));
const remembered = (runner: { runJob: ReturnType<typeof fakeRunner>["runJob"] }) => {
  const runJob: typeof runner.runJob = async (job, options) => {
    const result = await runner.runJob(job, options);
    return result.ok && result.kind === "restore" ? { ...result, quiesced: [JSON.stringify(CLAIM)] } : result;
  };
  return runJob;
};

describe("a claim that is made anew", () => {
  test("is in the journal before anything, which says `swapping` before the deletion; the swap comes after it", async () => {
    const { runner, acts, world } = await setUp();
    expect((await restore(launch(), world)).ok).toBe(true);
    expect(after(acts, "quiescing")).toEqual([
      ...["quiescing", "emptying", "recreate data-db-0", "swap", "start claim", "finish"],
    ]);
    const announced = runner.jobs.find((job) => job.kind === "restore" && job.action === "quiescing");
    expect(announced).toMatchObject({ quiesced: [JSON.stringify(CLAIM)] });
  });

  test("what cannot come back empty is found out before anything is restored", async () => {
    const kept = new JobError("cannot-swap", "its volume was made by hand", "restore without it");
    const { runner, world } = await setUp({ find: () => Promise.reject(kept) });
    expect(await restore(launch(), world)).toMatchObject({ ok: false, error: { code: "cannot-swap" } });
    expect(runner.calls).toEqual(["open"]);
  });

  test("where the journal does not come to say so, nothing is deleted, and the application is started", async () => {
    const { runner, acts, world } = await setUp();
    runner.fails.emptying = new JobError("process-failed", "the pod was killed", "run it again");
    expect((await restore(launch(), world)).ok).toBe(false);
    expect(after(acts, "emptying")).toEqual(["emptying", "recover", "start claim", "finish"]);
  });

  test("whoever comes after a kill in it makes it first, and restores then", async () => {
    const { runner, acts, world } = await setUp({}, "swapping");
    expect((await resume(launch(), { ...world, runJob: remembered(runner) })).ok).toBe(true);
    expect(after(acts, "recreate data-db-0")).toEqual(["recreate data-db-0", "recover", "start claim", "finish"]);
  });

  test("one that stays away keeps the application stopped: nothing is restored into the old volume", async () => {
    const away = new JobError("restore-failed", "the claim is still there", "resume");
    const { runner, acts, world } = await setUp({ recreate: () => Promise.reject(away) }, "swapping");
    await expect(resume(launch(), { ...world, runJob: remembered(runner) })).rejects.toMatchObject({ fact: away.fact });
    expect(acts).not.toContain("recover");
    expect(acts).not.toContain("start claim");
  });
});
