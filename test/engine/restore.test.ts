import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { messages, operationOn, statusLines } from "../support/engine-events.ts";
import { PulumiStack } from "../support/pulumi-stack.ts";
import { tempDir } from "../support/temp-dir.ts";
import { FAKE_LAUNCHER, RESTORE_PROGRAM } from "./support/restore-program.ts";

const setUp = async (program = RESTORE_PROGRAM) => {
  const directory = await tempDir("restore");
  const [log, launcher] = [path.join(directory, "log"), path.join(directory, "launcher.ts")];
  await Promise.all([writeFile(log, ""), writeFile(launcher, FAKE_LAUNCHER)]);
  const stack = await PulumiStack.create({ program, env: { LOG: log, FAKE_LAUNCHER: launcher } });
  onTestFinished(() => stack.remove());
  await stack.setConfig("password", "password-of-tests", { secret: true });
  await stack.setConfig("identity", "AGE-SECRET-KEY-of-tests", { secret: true });
  return {
    stack,
    request: (value: object) => stack.setConfig("restore", JSON.stringify({ ...REQUEST, ...value })),
    ran: async () =>
      (await readFile(log, "utf8"))
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
  };
};

const REQUEST = { id: "one", point: "latest", into: { replace: {} }, confirm: "inline/test/packit" };
const SENTENCE =
  "request one stops the application of packit (docker stop packit), takes the latest point of uat/packit and replaces database packit on localhost:5432 and directory /data; what is there now is kept as packit_org_<time> and /data_org_<time>";
const FAILED = "restore bad-two failed: public.users has 3 rows instead of 4; choose another point";

test("[core.5] [beyond.8] a restore by pulumi up runs once for its request, and never otherwise", async () => {
  const { stack, request, ran } = await setUp();

  const first = await stack.up();
  expect(first.text).not.toMatch(/warning|error/i);
  expect(first.ok).toBe(true);
  expect(await ran()).toEqual([]);

  await request({});
  const preview = await stack.preview();
  expect(preview.ok).toBe(true);
  expect(messages(preview.events, "info")).toContain(SENTENCE);
  expect(await ran()).toEqual([]);

  const restored = await stack.up();
  expect(restored.ok).toBe(true);
  expect(messages(restored.events, "info")).toContain(SENTENCE);
  expect(statusLines(restored.events)).toContain("restoring packit: 1 MB of 2 MB");
  expect(await ran()).toMatchObject([
    { request: REQUEST, from: "uat", password: "password-of-tests", identity: "AGE-SECRET-KEY-of-tests", argv: [] },
  ]);
  expect((await stack.outputs()).record).toMatchObject({ id: "one", ok: true });

  const again = await stack.up();
  expect(again.changes).toEqual({ same: again.changes.same });
  expect(messages(again.events, "info")).toEqual([]);

  await stack.setConfig("password", "another-password", { secret: true });
  await stack.setConfig("identity", "AGE-SECRET-KEY-another", { secret: true });
  expect((await stack.up()).ok).toBe(true);
  expect(await ran()).toHaveLength(1);

  await request({ point: "20261121T010000Z-7f3a" });
  expect(operationOn((await stack.up()).events, "restore-run")).toBe("create-replacement");
  const runs = await ran();
  expect(runs).toHaveLength(2);
  expect(runs[1]).toMatchObject({
    password: "another-password",
    request: { id: "one", point: "20261121T010000Z-7f3a" },
  });
  expect(runs[1].requestDigest).not.toBe(runs[0].requestDigest);

  await stack.removeConfig("restore");
  expect((await stack.up()).ok).toBe(true);
  expect((await stack.outputs()).record).toMatchObject({ id: "one", ok: true });
  expect(await ran()).toHaveLength(2);

  expect((await stack.destroy()).ok).toBe(true);
  expect(await ran()).toHaveLength(2);
});

/** The same after a server that takes three seconds to say that it does not come up; time for a restore that did not wait. */
const AFTER_ITS_SERVER = `
import * as command from "@pulumi/command";
const failing = 'for i in $(seq 30); do [ -s "$LOG" ] && break; sleep 0.1; done; exit 1';
const server = new command.local.Command("server", { create: new pulumi.Config().get("server") ?? failing });
${RESTORE_PROGRAM.replace("transforms: [fake]", "transforms: [fake], dependsOn: [server]")}`;

test("it waits for what it depends on: without the server that the same update makes it does not run", async () => {
  const { stack, request, ran } = await setUp(AFTER_ITS_SERVER);
  await request({});
  expect((await stack.up()).ok).toBe(false);
  expect(await ran()).toEqual([]);

  await stack.setConfig("server", "true");
  const up = await stack.up();
  expect(up.ok, up.text).toBe(true);
  expect(await ran()).toHaveLength(1);
});

test("[beyond.8] a failed restore fails that one update with one sentence, is recorded, and later updates run nothing", async () => {
  const { stack, request, ran } = await setUp();
  await request({ id: "bad-two" });
  const failed = await stack.up();
  expect(failed.ok).toBe(false);
  expect(messages(failed.events, "error").join("\n")).toContain(FAILED);
  expect(failed.text).not.toContain("at assertOk");
  expect(
    (await stack.export()).deployment.resources?.find(({ urn }) => urn.endsWith("::restore-record"))?.outputs,
  ).toMatchObject({
    output: { id: "bad-two", ok: false },
  });

  const later = await stack.up();
  expect(later.text).not.toContain(FAILED);
  expect(later.ok).toBe(true);
  expect((await stack.outputs()).record).toMatchObject({ id: "bad-two", ok: false });

  await request({ id: "three" });
  expect((await stack.up()).ok).toBe(true);
  expect((await stack.outputs()).record).toMatchObject({ id: "three", ok: true });
  expect(await ran()).toHaveLength(2);
});

test("[core.14] no secret stands in the state, the config, the preview or the update in clear", async () => {
  const { stack, request } = await setUp();
  await request({});
  const texts = [
    (await stack.preview()).text,
    (await stack.up()).text,
    JSON.stringify(await stack.export()),
    await readFile(stack.configFile, "utf8"),
  ];
  for (const text of texts) expect(text).not.toMatch(/password-of-tests|AGE-SECRET-KEY-of-tests|BEGIN PRIVATE KEY/);
});

test("the signing key stays the same at every update", async () => {
  const { stack } = await setUp();
  await stack.up();
  const { publicKey } = await stack.outputs();
  await stack.up();
  expect((await stack.outputs()).publicKey).toBe(publicKey);
});

test.each([
  [
    { confirm: "inline/prod/packit" },
    "Restore \"restore\": request.confirm: must equal 'inline/test/packit', the target of this restore; received 'inline/prod/packit'",
  ],
  [{ into: { database: "a", replace: {} } }, 'Restore "restore": request.into: expected exactly one of'],
  [
    { from: { environment: "science" } },
    "request.from.environment: unknown environment 'science'; expected one of uat, prod",
  ],
])("[beyond.8] a wrong request is refused at preview, and nothing exists: %#", async (change, line) => {
  const { stack, request, ran } = await setUp();
  await request(change);
  const preview = await stack.preview();
  expect(preview.ok).toBe(false);
  expect(messages(preview.events, "error").join("\n")).toContain(line);
  // One sentence, not a stack trace.
  expect(preview.text).not.toMatch(/\n\s+at .*\.ts:/);
  expect(await ran()).toEqual([]);
});

test("[beyond.8] what is wrong is refused by up as well, and nothing exists", async () => {
  const { stack, ran } = await setUp();
  await stack.setConfig("port", "70000");
  const up = await stack.up();
  expect(up.ok).toBe(false);
  expect(messages(up.events, "error").join("\n")).toContain(
    'BackupPlan "packit": sources[0].postgres.port: expected number to be <=65535',
  );
  const types = (await stack.export()).deployment.resources?.map(({ type }) => type) ?? [];
  expect(types).not.toContain("command:local:Command");
  expect(await ran()).toEqual([]);
});
