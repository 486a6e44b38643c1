import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { checkout, tools } from "../../tools/servers/tools.ts";
import { messages, operationOn, statusLines } from "../support/engine-events.ts";
import { PulumiStack, type PulumiStackOptions } from "../support/pulumi-stack.ts";
import { tempDir } from "../support/temp-dir.ts";
import { waitFor } from "../support/wait-for.ts";

async function newStack(program: string, options: PulumiStackOptions = {}): Promise<PulumiStack> {
  const stack = await PulumiStack.create({ ...options, program });
  onTestFinished(() => stack.remove());
  return stack;
}

/** A program with one Command, from JSON in the stack's config, that appends to `$LOG` what it ran. */
const COMMAND_PROGRAM = `
import * as pulumi from "@pulumi/pulumi";
import * as command from "@pulumi/command";
const config = new pulumi.Config();
const password = config.getSecret("password");
const run = new command.local.Command("run", {
  ...config.requireObject<command.local.CommandArgs>("args"),
  ...(password ? { environment: { PASSWORD: password } } : {}),
});
export const stdout = run.stdout;
`;

async function commandStack(args: object) {
  const log = path.join(await tempDir("log"), "log");
  await writeFile(log, "");
  const stack = await newStack(COMMAND_PROGRAM, { env: { LOG: log } });
  const set = (next: object) => stack.setConfig("args", JSON.stringify(next));
  await set(args);
  return { stack, set, ran: async () => (await readFile(log, "utf8")).split("\n").filter(Boolean) };
}

describe("real engine · pulumi, command provider", () => {
  test("a Command runs once, and not again while nothing changes", async () => {
    const { stack, ran } = await commandStack({ create: 'echo "$0 $LOG" >>"$LOG"; echo hello; echo; printf end' });
    const first = await stack.up();
    expect(first.text).not.toContain("warning");
    expect(first.changes).toEqual({ create: 2 });
    expect((await stack.outputs()).stdout).toBe("hello\n\nend");
    const second = await stack.up();
    expect(second.changes).toEqual({ same: 2 });
    expect(await ran()).toHaveLength(1);
    const destroyed = await stack.destroy();
    expect(destroyed.changes).toEqual({ delete: 2 });
    expect(await ran()).toHaveLength(1);
  });

  test("a preview runs nothing", async () => {
    const { stack, ran } = await commandStack({ create: 'echo ran >>"$LOG"' });
    expect((await stack.preview()).changes).toEqual({ create: 2 });
    expect(await ran()).toEqual([]);
  });

  test("a changed trigger replaces, any other change runs update, or create where there is none", async () => {
    const { stack, set, ran } = await commandStack({ create: 'echo create >>"$LOG"', triggers: [{ b: 1, a: 2 }] });
    await stack.up();
    await set({ create: 'echo create >>"$LOG"', triggers: [{ a: 2, b: 2 }] });
    const replaced = await stack.up();
    expect(operationOn(replaced.events, "run")).toBe("create-replacement");
    await set({ create: 'echo create >>"$LOG"', triggers: [{ a: 2, b: 2 }], stdin: "x" });
    expect(operationOn((await stack.up()).events, "run")).toBe("update");
    await set({ create: 'echo create >>"$LOG"', update: 'cat >>"$LOG"', triggers: [{ a: 2, b: 2 }], stdin: "given\n" });
    expect(operationOn((await stack.up()).events, "run")).toBe("update");
    expect(await ran()).toEqual(["create", "create", "create", "given"]);
  });

  test("a failing command fails the update with its text and output, and leaves no state", async () => {
    const { stack, set, ran } = await commandStack({ create: "echo out; echo why >&2; exit 3" });
    const failed = await stack.up();
    expect(failed.ok).toBe(false);
    const error = messages(failed.events, "error").join("\n");
    expect(error).toContain("exit status 3");
    expect(error).toContain("echo out; echo why >&2; exit 3");
    expect(error).toMatch(/^why$/m);
    expect(error).toMatch(/^out$/m);
    const types = (await stack.export()).deployment.resources?.map(({ type }) => type);
    expect(types).not.toContain("command:local:Command");
    await set({ create: 'echo mended >>"$LOG"' });
    expect((await stack.up()).ok).toBe(true);
    expect(await ran()).toEqual(["mended"]);
  });

  test("lines are shown while the command runs, those of the stream that `logging` names", async () => {
    const { stack } = await commandStack({ create: "echo answer; echo 10 % >&2; echo 90 % >&2", logging: "stderr" });
    const { events } = await stack.up();
    const shown = statusLines(events);
    expect(shown).toEqual(expect.arrayContaining(["10 %", "90 %"]));
    expect(shown).not.toContain("answer");
  });

  test("directory, interpreter, previous output and delete are as the official provider has them", async () => {
    const dir = await tempDir("dir");
    const base = { dir, interpreter: ["/bin/sh", "-e", "-c"], delete: 'echo "delete $PULUMI_COMMAND_STDOUT" >>"$LOG"' };
    const { stack, set, ran } = await commandStack({ ...base, create: 'pwd >>"$LOG"; echo one' });
    expect((await stack.up()).ok).toBe(true);
    await set({ ...base, create: 'echo "was $PULUMI_COMMAND_STDOUT" >>"$LOG"; echo two' });
    await stack.up();
    const quiet = { ...base, addPreviousOutputInEnv: false };
    await set({ ...quiet, create: 'echo "handed over: $(env | grep -c PULUMI_COMMAND)" >>"$LOG"; echo three' });
    await stack.up();
    await stack.destroy();
    expect(await ran()).toEqual([dir, "was one", "handed over: 0", "delete "]);
  });

  test("a secret reaches the command in its environment and is ciphertext in the state", async () => {
    const { stack, ran } = await commandStack({ create: 'echo "$PASSWORD" >>"$LOG"' });
    await stack.setConfig("password", "correct horse", { secret: true });
    const { text } = await stack.up();
    expect(await ran()).toEqual(["correct horse"]);
    expect(text).not.toContain("correct horse");
    expect(JSON.stringify(await stack.export())).not.toContain("correct horse");
    expect(await readFile(stack.configFile, "utf8")).not.toContain("correct horse");
    expect((await stack.up()).changes).toEqual({ same: 2 });
  });

  test("an interrupted update kills the command's shell and stores nothing of it", async () => {
    const { stack, ran } = await commandStack({
      create: 'echo $$ >>"$LOG"; sleep 300 >/dev/null 2>&1 </dev/null; true',
    });
    let engine = 0;
    const update = stack.up({ started: (pid) => (engine = pid) });
    const [shell] = await waitFor("the command to run", async () => (await ran()).length > 0 && (await ran()));
    process.kill(engine, "SIGINT");
    await waitFor("the shell to end", () => gone(Number(shell)));
    expect((await update).ok).toBe(false);
    const types = (await stack.export()).deployment.resources?.map(({ type }) => type) ?? [];
    expect(types).not.toContain("command:local:Command");
  });
});

const gone = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
};

describe("Stash · pulumi", () => {
  test("keeps the first random value when later ones are ignored", async () => {
    const stack = await newStack(`
      import { randomBytes } from "node:crypto";
      import * as pulumi from "@pulumi/pulumi";
      const made = randomBytes(16).toString("hex");
      const kept = new pulumi.Stash("kept", { input: pulumi.secret(made) }, { ignoreChanges: ["input"] });
      export const value = kept.output;
      export const offered = made;
    `);
    expect((await stack.up()).ok).toBe(true);
    const first = await stack.outputs();
    expect(first.value).toBe(first.offered);
    const again = await stack.up();
    expect(operationOn(again.events, "kept")).toBe("same");
    expect(again.changes).toEqual({ same: 2 });
    const second = await stack.outputs();
    expect(second.value).toBe(first.value);
    expect(second.offered).not.toBe(first.value);
    const state = JSON.stringify(
      (await stack.export()).deployment.resources?.find(({ urn }) => urn.endsWith("::kept")),
    );
    expect(state).not.toContain(String(first.value));
  });
});

describe("own project · pulumi", () => {
  test("stacks of this repository's project leave their config in the test's directory", async () => {
    const stack = await PulumiStack.create({ stack: "montagu-test" });
    onTestFinished(() => stack.remove());
    const other = await stack.sibling("montagu-other");
    await stack.setConfig("password", "correct horse", { secret: true });
    await other.setConfig("restore.id", "one", { path: true });
    expect(await readFile(other.configFile, "utf8")).toMatch(/backups:restore:\n {4}id: one/);
    expect(stack.configFile).toBe(path.join(stack.projectDirectory, "stacks/Pulumi.montagu-test.yaml"));
    expect(await readFile(stack.configFile, "utf8")).not.toContain("correct horse");
    expect(await readdir(path.join(checkout, "stacks"))).not.toContain("Pulumi.montagu-test.yaml");
  });
});

test("the engine's stand-ins are named where the official parts are missing", () => {
  expect(tools().offline).toBe(tools().standIns.length > 0);
});
