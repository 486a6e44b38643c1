import { expect, test } from "vitest";
import { bucketName } from "../../../components/render/bucket-job.ts";
import { collisions, secretName } from "../../../components/render/secrets.ts";
import { s3Repository, secretRef } from "../../../spec/index.ts";

test.each([
  [["packit", "db", "password"], "RESTORABLE_PACKIT_DB_PASSWORD"],
  [["packit-plan", "my.db", "admin password"], "RESTORABLE_PACKIT_PLAN_MY_DB_ADMIN_PASSWORD"],
  [["ünï", "1"], "RESTORABLE_N_1"],
])("the secret of %j is found under %s", (parts, name) => {
  expect(secretName(...parts)).toBe(name);
  expect(secretRef.safeParse({ kind: "env", name }).success).toBe(true);
});

test("names that stand for two secrets are seen", () => {
  expect(collisions({ A: "1", B: "2" }, { B: "2" }, { C: "3" })).toEqual(["B"]);
});

test.each([
  ["backups", "montagu-uat", "backups", "backups-montagu-uat-backups"],
  ["My Project", "UAT_1", "b.c", "my-project-uat-1-b-c"],
  ["-x", "y", "z-", "x-y-z"],
  ["p".repeat(40), "s".repeat(22), "name", `${"p".repeat(40)}-${"s".repeat(22)}`],
])("a bucket of %s, %s, %s is named legally", (project, stack, name, expected) => {
  expect(bucketName(project, stack, name)).toBe(expected);
  expect(s3Repository.shape.bucket.safeParse(expected).success).toBe(true);
});
