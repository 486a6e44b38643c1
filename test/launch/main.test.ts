import { spawn } from "node:child_process";
import path from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { restoreRecord } from "../../spec/index.ts";
import { tempDir } from "../support/temp-dir.ts";
import { checkout } from "../support/tools.ts";
import { restoreLaunch } from "./support/launches.ts";

/** Runs the launcher as a Pulumi Command does. */
const runLauncher = async (stdin: string, env: Readonly<Record<string, string>> = {}) => {
  const child = spawn(process.execPath, [path.join(checkout, "launch/main.ts")], {
    env: { PATH: process.env.PATH ?? "", ...env },
  });
  child.stdin.end(stdin);
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [stdout, stderr, exit] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { stdout, stderr, exit };
};

const restoreIn = async () => {
  const directory = await tempDir("launch");
  const launch = restoreLaunch();
  const repository = {
    ...launch.from.repository,
    location: { kind: "directory", path: path.join(directory, "none") },
  } as const;
  const plan = { ...launch.plan, repository, target: { kind: "local", ledger: directory } } as const;
  return JSON.stringify({ ...launch, plan, from: { ...launch.from, repository } });
};

test("a restore that failed is one line of JSON and exit code 0, or Pulumi would run it again", async () => {
  const { stdout, stderr, exit } = await runLauncher(await restoreIn(), {
    RESTORABLE_IDENTITY: "AGE-SECRET-KEY-of-tests",
  });
  expect(exit).toBe(0);
  expect(stdout.split("\n")).toHaveLength(2);
  const record = restoreRecord.parse(JSON.parse(stdout));
  expect(record).toMatchObject({ id: "one", ok: false, target: "backups/montagu-uat/packit" });
  expect(stderr.split("\n").filter(Boolean).length).toBeGreaterThan(0);
  expect(stdout + stderr).not.toContain("of-tests");
});

test.each([
  ["", "what came on stdin is not JSON"],
  ["{}", "launch.kind: "],
  [JSON.stringify({ kind: "bucket", version: 1, job: { kind: "bucket" } }), "launch.job.version: "],
])("what is no launch is an error with its path: %#", async (stdin, line) => {
  const { stdout, stderr, exit } = await runLauncher(stdin);
  expect(exit).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toContain(line);
});

test("a bucket whose store cannot be reached fails with one sentence and its own exit code", async () => {
  const key = (name: string) => ({ kind: "env", name });
  const job = {
    kind: "bucket",
    version: 1,
    bucket: "backups",
    endpoint: "http://127.0.0.1:1",
    credentials: { accessKeyId: key("RESTORABLE_ID"), secretAccessKey: key("RESTORABLE_SECRET") },
    mode: "adopt",
  };
  const launch = JSON.stringify({ kind: "bucket", version: 1, job });
  const { stdout, stderr, exit } = await runLauncher(launch, {
    RESTORABLE_ID: "id-of-tests",
    RESTORABLE_SECRET: "secret-of-tests",
  });
  expect(exit).toBe(4);
  expect(stdout).toBe("");
  expect(stderr).toContain("127.0.0.1:1");
  expect(stderr).not.toContain("of-tests");

  const without = await runLauncher(launch);
  expect(without.exit).toBe(5);
  expect(without.stderr).toContain("RESTORABLE_ID");
});
