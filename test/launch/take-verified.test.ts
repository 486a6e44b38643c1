import { expect, test } from "vitest";
import type { LaunchWorld } from "../../launch/restore/world.ts";
import { takeVerified } from "../../launch/take-verified.ts";
import { type BackupLaunch, type Job, plan, type Result } from "../../spec/index.ts";
import { exampleManifest, examplePlan } from "../spec/examples.ts";

const AT = "2026-11-21T10:00:00.000Z";
const POINT = "20261121T010000Z-7f3a";
const done = { version: 1, ok: true, started: AT, finished: AT } as const;

const launched = (answer: (job: Job) => Partial<Result>) => {
  const jobs: Job[] = [];
  const world = {
    runJob: async (job: Job) => {
      jobs.push(job);
      return { ...done, ...answer(job) } as Result;
    },
    secrets: {},
    report: () => undefined,
    signal: new AbortController().signal,
    now: () => new Date(AT),
  } as unknown as LaunchWorld;
  const launch: BackupLaunch = { kind: "backup", version: 1, plan: plan.parse(examplePlan()), trigger: "0.16" };
  return { jobs, run: () => takeVerified(launch, world) };
};

const proof = (ok: boolean) => ({
  version: 1 as const,
  kind: "verify" as const,
  point: POINT,
  at: AT,
  ok,
  checks: [{ name: "artifacts/x", ok, detail: ok ? "read" : "has another SHA-256" }],
  bytes: 1,
  seconds: 1,
  by: "host",
});

test("a point is taken, then that very point is read back", async () => {
  const { jobs, run } = launched((job) =>
    job.kind === "backup"
      ? { kind: "backup", manifest: exampleManifest(POINT) }
      : { kind: "verify", proof: proof(true) },
  );
  expect(await run()).toEqual({ version: 1, point: POINT, opened: false, checks: ["artifacts/x: read"] });
  expect(jobs.map(({ kind }) => kind)).toEqual(["backup", "verify"]);
  expect(jobs[1]).toMatchObject({ point: POINT });
});

test("a point that is not good fails, and so does a backup that does; then nothing is read", async () => {
  const bad = launched((job) =>
    job.kind === "backup"
      ? { kind: "backup", manifest: exampleManifest(POINT) }
      : { kind: "verify", proof: proof(false) },
  );
  await expect(bad.run()).rejects.toThrow(
    /point 20261121T010000Z-7f3a, taken for '0.16', is not good: artifacts\/x: has another SHA-256/,
  );
  const error = { code: "database-unreachable", fact: "nobody answers", hint: "start it" } as const;
  const failing = launched(() => ({ ok: false, kind: "backup", error }));
  await expect(failing.run()).rejects.toThrow(/nobody answers/);
  expect(failing.jobs).toHaveLength(1);
});
