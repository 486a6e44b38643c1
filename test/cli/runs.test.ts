import { describe, expect, it } from "vitest";
import type { Run } from "../../launch/index.ts";
import { failedRecord } from "../../launch/restore/failed-record.ts";
import { restoreLaunch } from "../launch/support/launches.ts";
import { examplePlan, examplePoint } from "../spec/examples.ts";
import { POINT, restorable } from "./fake-io.ts";

const OLDER = "20261101T010000Z-0001";
const point = examplePoint(POINT);
const { started, finished } = point.manifest;
const RUNS: readonly Run[] = [
  { id: "job-1", state: "succeeded", by: "schedule", began: started, ended: finished },
  {
    id: "job-2",
    state: "failed",
    by: "hand",
    began: "2026-11-21T05:00:00Z",
    ended: "2026-11-21T05:00:03Z",
    error: "no room",
  },
  { id: "job-3", state: "running", by: "schedule", began: "2026-11-21T06:00:00Z" },
];
const world = { plans: [examplePlan()], points: [point, examplePoint(OLDER)], runs: RUNS };

const listed = async (...args: readonly string[]): Promise<readonly Run[]> => {
  const { json, exit } = await restorable(["runs", ...args, "--json"], world);
  expect(exit).toBe(0);
  return (json() as { readonly runs: readonly Run[] }).runs;
};

describe("runs", () => {
  it("are the target's, each with its point, and of older ones the points alone, newest first", async () => {
    expect((await listed()).map(({ id, state, point: taken }) => [id, state, taken])).toEqual([
      ["job-3", "running", undefined],
      ["job-2", "failed", undefined],
      ["job-1", "succeeded", POINT],
      [OLDER, "succeeded", OLDER],
    ]);
  });

  it.each([
    ["--failed", ["job-2"]],
    ["--running", ["job-3"]],
    ["--succeeded", ["job-1", OLDER]],
  ])("%s are only those", async (option, ids) => {
    expect((await listed(option)).map(({ id }) => id)).toEqual(ids);
  });

  it("say for people why one failed", async () => {
    const { out } = await restorable(["runs"], world);
    expect(out).toMatch(/job-2 .* failed .*no room/);
  });

  it("have a next one, and a last one that ended", async () => {
    const { json } = await restorable(["next", "--json"], world);
    expect(json()).toMatchObject({ next: expect.stringMatching(/^2026-11-2/), last: { id: "job-2", state: "failed" } });
  });

  it("have logs", async () => {
    expect((await restorable(["logs", "job-2"], world)).out).toBe("what job-2 said\n");
    expect((await restorable(["logs", "--json"], world)).json()).toMatchObject({ lines: ["what the newest run said"] });
  });

  it("have a log of the last restore in the stack's state, when nothing of its jobs is left", async () => {
    const launch = restoreLaunch();
    const stdout = JSON.stringify(failedRecord(launch, new Date(), new Date(), "lost"));
    const ran = {
      urn: "urn:pulumi:uat::backups::restorable:index:Restore$command:local:Command::restore-run",
      type: "command:local:Command",
      outputs: { stdout, stderr: "looking for the point\nswapped\n" },
    };
    const { out } = await restorable(["logs", launch.request.id], { ...world, resources: [ran] });
    expect(out).toBe("looking for the point\nswapped\n");
    expect((await restorable(["logs", "another"], { ...world, resources: [ran] })).out).toBe("what another said\n");
  });
});
