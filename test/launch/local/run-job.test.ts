import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { runLocal } from "../../../launch/index.ts";
import { JobError, type Progress } from "../../../spec/index.ts";
import { CHECKED, CHECK as job, LINGERING_RUNNER } from "../../support/lingering-runner.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { waitFor } from "../../support/wait-for.ts";

const NEVER = new AbortController().signal;
/** A runner that writes down what it was given, and then runs `then`. */
const runner = async (then: string) => {
  const directory = await tempDir("runner");
  const file = path.join(directory, "runner.ts");
  const seen = path.join(directory, "seen.json");
  await writeFile(
    file,
    `import { writeFileSync, readFileSync } from "node:fs";
    import { text } from "node:stream/consumers";
    const stdin = await text(process.stdin);
    const stat = readFileSync("/proc/self/stat", "utf8").split(") ").at(-1)!.split(" ");
    const seen = { stdin, argv: process.argv.slice(2), env: process.env, pid: process.pid, session: Number(stat[3]) };
    writeFileSync(${JSON.stringify(seen)}, JSON.stringify(seen));
    const RESULT = ${JSON.stringify(CHECKED)};
    ${then}`,
  );
  return { file, seen: async () => JSON.parse(await readFile(seen, "utf8")) };
};

const ANSWER = "console.log(JSON.stringify(RESULT));";
const secrets = { RESTORABLE_ID: "id-value", RESTORABLE_SECRET: "secret-value", RESTORABLE_OTHER: "other-value" };
const environment = {
  ...secrets,
  PATH: process.env.PATH,
  // Nothing can be kept there.
  HOME: "/dev/null",
  AWS_SECRET_ACCESS_KEY: "aws",
  PGPASSWORD: "pg",
};

test("a runner gets the job and the secrets it needs on stdin, and none in its arguments or environment", async () => {
  const { file, seen } = await runner(ANSWER);
  const result = await runLocal(job, {
    runner: file,
    environment,
    secrets,
    signal: NEVER,
    onProgress: () => undefined,
  });
  expect(result).toMatchObject({ ok: true, kind: "check", healthy: true });
  const { stdin, argv, env, pid, session } = await seen();
  const [first, second] = stdin.split("\n");
  expect(JSON.parse(first)).toEqual(job);
  expect(JSON.parse(second)).toEqual({ secrets: { RESTORABLE_ID: "id-value", RESTORABLE_SECRET: "secret-value" } });
  expect(argv).toEqual([]);
  expect(env).toEqual({
    PATH: process.env.PATH,
    HOME: "/dev/null",
    NODE_COMPILE_CACHE: "/dev/null/.cache/restorable/node",
  });
  expect(session).toBe(pid);
});

test("progress arrives line by line, and other lines do not disturb it", async () => {
  const line = { type: "step", at: "2026-11-21T10:00:00Z", step: "check", text: "looking" };
  const { file } = await runner(
    `console.error("Warning: x"); console.error(${JSON.stringify(JSON.stringify(line))}); ${ANSWER}`,
  );
  const lines: Progress[] = [];
  await runLocal(job, { runner: file, secrets, signal: NEVER, onProgress: (progress) => lines.push(progress) });
  expect(lines).toEqual([line]);
});

test("a runner that hangs after it has said its result is killed, and the result counts", async () => {
  const { file } = await runner(LINGERING_RUNNER);
  const result = await runLocal(job, {
    runner: file,
    secrets,
    onProgress: () => undefined,
    signal: NEVER,
    lingerSeconds: 0.1,
  });
  expect(result).toMatchObject({ ok: true, kind: "check" });
});

test("a failed job is a result", async () => {
  const error = { code: "no-points", fact: "there is none", hint: "make one" };
  const { file } = await runner(
    `console.log(JSON.stringify({ version: 1, ok: false, kind: "check", started: RESULT.started, finished: RESULT.finished, error: ${JSON.stringify(error)} })); process.exitCode = 3;`,
  );
  const result = await runLocal(job, { runner: file, secrets, signal: NEVER, onProgress: () => undefined });
  expect(result).toMatchObject({ ok: false, error });
});

test.each([
  ["process.kill(process.pid, 'SIGKILL'); setTimeout(() => undefined, 60_000);", "ended by SIGKILL without a result"],
  [
    "console.error('TypeError: it broke'); process.exitCode = 1;",
    "ended with exit code 1 without a result: TypeError: it broke",
  ],
  ["console.log('not JSON');", "ended with exit code 0 without a result"],
])("a runner without a result is an error that says how it ended (%#)", async (then, fact) => {
  const { file } = await runner(then);
  const run = runLocal(job, { runner: file, secrets, signal: NEVER, onProgress: () => undefined });
  await expect(run).rejects.toMatchObject({ code: "process-failed", fact: expect.stringContaining(fact) });
});

test("an interrupt is forwarded once, and the runner's own end is waited for", async () => {
  const { file, seen } = await runner(
    `let told = 0; const idle = setInterval(() => undefined, 1000);
    process.on("SIGTERM", () => { told += 1; if (told > 1) process.exit(9);
      setTimeout(() => { clearInterval(idle); console.log(JSON.stringify({ ...RESULT, ageSeconds: told })); }, 300); });
    console.error(JSON.stringify({ type: "step", at: RESULT.started, step: "check", text: "ready" }));`,
  );
  const controller = new AbortController();
  const run = runLocal(job, {
    runner: file,
    secrets,
    signal: controller.signal,
    onProgress: () => controller.abort(new JobError("interrupted", "told to stop", "again")),
  });
  expect(await run).toMatchObject({ ok: true, ageSeconds: 1 });
  await waitFor("the runner to be gone", async () => isGone((await seen()).pid));
});

const isGone = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
};
