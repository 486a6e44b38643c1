import { expect, test } from "vitest";
import { type Job, neededSecrets, parse, plan as planSchema, type RestoreJob } from "../../spec/index.ts";
import { restoreLaunch } from "../launch/support/launches.ts";
import { examplePlan } from "./examples.ts";

const restoring = (action: RestoreJob["action"]): RestoreJob => {
  const plan = parse(planSchema, examplePlan(), "a plan");
  const { requestDigest, request } = restoreLaunch();
  const from = { repository: plan.repository, plan: plan.name };
  return { kind: "restore", version: 1, action, plan, from, requestDigest, request };
};

const namesOf = (job: Job) => neededSecrets(job).map((ref) => (ref.kind === "env" ? ref.name : ref.path));
const names = (action: RestoreJob["action"]) => namesOf(restoring(action));

test("who asks a journal gets no secret, who looks for the point the reader's, and only who restores the database's", () => {
  expect(names("state")).toEqual([]);
  expect(names("open")).toEqual(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]);
  expect(names("prepare")).toEqual(expect.arrayContaining(["PACKIT_PASSWORD", "/run/secrets/admin", "SIGNING_KEY"]));
});

test("who asks the ledger gets none either, and with a point to find the reader's", () => {
  const { plan, from } = restoring("open");
  const ledger = { kind: "ledger", version: 1, plan } as const;
  expect(namesOf(ledger)).toEqual([]);
  const find = { ...from, point: "latest", unverified: false } as const;
  expect(namesOf({ ...ledger, find })).toEqual(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]);
});
