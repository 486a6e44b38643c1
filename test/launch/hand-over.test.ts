import { expect, test } from "vitest";
import { filesHandedOver } from "../../launch/hand-over.ts";
import type { Job } from "../../spec/index.ts";
import { restoreLaunch } from "./support/launches.ts";

test("secret files are read here and handed over by name, and only secrets that the job names", () => {
  const { plan } = restoreLaunch();
  const login = { user: "app", password: { kind: "file", path: "/run/secret" } } as const;
  const admin = { user: "admin", password: { kind: "env", name: "ADMIN" } } as const;
  const source = { ...plan.sources[0], kind: "postgres", name: "db", login, admin } as never;
  const job: Job = { kind: "backup", version: 1, plan: { ...plan, sources: [source] } };
  const handed = filesHandedOver(job, { ADMIN: "a", OTHER: "o" }, () => "from the file");
  expect(handed.secrets).toEqual({ ADMIN: "a", RESTORABLE_FILE_1: "from the file" });
  expect(JSON.stringify(handed.job)).not.toContain("/run/secret");
  expect(handed.job).toMatchObject({
    plan: { sources: [{ login: { password: { kind: "env", name: "RESTORABLE_FILE_1" } }, admin }] },
  });
});
