import { expect, test } from "vitest";
import { type CatalogJob, jobFiles } from "../../spec/index.ts";
import { examplePlan } from "./examples.ts";

test("a job for a pod names files instead of the environment, for the secrets that it is given and no other", () => {
  const { repository } = examplePlan() as unknown as { repository: CatalogJob["repository"] };
  const job: CatalogJob = { kind: "catalog", version: 1, repository, plan: "packit", unverified: false };
  const { args, folder, files } = jobFiles(job, { AWS_ACCESS_KEY_ID: "id of tests" });
  expect(args).toEqual(["--file", `${folder}/job.json`]);
  expect(Object.keys(files)).toEqual(["job.json", "secret-AWS_ACCESS_KEY_ID"]);
  expect(files["secret-AWS_ACCESS_KEY_ID"]).toBe("id of tests\n");
  expect(JSON.parse(files["job.json"] ?? "").repository.location.credentials.writer).toEqual({
    accessKeyId: { kind: "file", path: `${folder}/secret-AWS_ACCESS_KEY_ID` },
    secretAccessKey: { kind: "env", name: "AWS_SECRET_ACCESS_KEY" },
  });
  expect(files["job.json"]).not.toContain("of tests");
});
