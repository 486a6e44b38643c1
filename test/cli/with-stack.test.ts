import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pulumiEnvironment } from "../../tools/servers/pulumi-environment.ts";
import { FILES_PROGRAM, START, STOP } from "../engine/support/files-program.ts";
import { PulumiStack } from "../support/pulumi-stack.ts";
import { makeTempDir, removeTempDir } from "../support/temp-dir.ts";
import { tools } from "../support/tools.ts";
import { restorable } from "./real-cli.ts";

const CONFIRM = "inline/test/packit";

let stack: PulumiStack;
let place: string;
let identity: string;
let cli: (...args: string[]) => ReturnType<typeof restorable>;
/** The same without a word on which stack is meant. */
let bare: typeof cli;

const at = (name: string) => path.join(place, name);
const data = () => readFile(at("data/file"), "utf8");

beforeAll(async () => {
  place = await makeTempDir("place");
  await Promise.all(["data", "repository", "ledger"].map((name) => mkdir(at(name))));
  await Promise.all([
    writeFile(at("data/file"), "old"),
    writeFile(at("stop.ts"), STOP),
    writeFile(at("start.ts"), START),
    writeFile(at("log"), ""),
  ]);
  stack = await PulumiStack.create({ program: FILES_PROGRAM, env: { PLACE: place } });
  identity = await generateX25519Identity();
  await stack.setConfig("recipient", await identityToRecipient(identity));
  await writeFile(at("operator.key"), identity);
  const first = await stack.up();
  expect(first.ok, first.text).toBe(true);
  const env: Record<string, string> = {
    ...pulumiEnvironment(path.join(stack.directory, "backend"), "test"),
    PLACE: place,
  };
  const withPulumi = { ...env, PATH: [path.dirname(tools().pulumi), env.PATH].join(path.delimiter) };
  bare = (...args) => restorable(args, { env: withPulumi, cwd: stack.projectDirectory });
  cli = (...args) => bare(...args, "--stack", stack.name, "--config-file", stack.configFile);
});

afterAll(async () => {
  await stack?.remove();
  await removeTempDir(place);
});

describe("the command line on a stack of the real engine", () => {
  it("finds the plan, its secrets and the next steps in the state", async () => {
    const backup = await cli("backup", "--json");
    expect(backup.exit, backup.out + backup.err).toBe(0);
    const plan = await cli("plan");
    expect(plan.out).toMatch(/confirm +inline\/test\/packit/);
    const verify = await cli("verify", "--json", "--identity", at("operator.key"));
    expect(verify.json(), verify.err).toMatchObject({ proof: { ok: true }, proofKey: expect.any(String) });
    expect((await cli("status", "--json")).json()).toMatchObject({ healthy: true });
  });

  it("[core.5] [beyond.8] restores by `pulumi up` of the restore alone, so that config, state and ledger agree", async () => {
    await writeFile(at("data/file"), "new");
    const dry = await cli("restore", "--dry-run");
    expect(dry.exit, dry.err).toBe(0);
    const refused = await cli("restore", "--confirm", "inline/test/other");
    expect(refused.exit).toBe(2);
    expect(await readFile(stack.configFile, "utf8")).not.toContain("restore");
    expect(await data()).toBe("new");

    const ran = await cli("restore", "--id", "one", "--confirm", CONFIRM, "--identity", at("operator.key"), "--json");
    expect(ran.exit, ran.out + ran.err).toBe(0);
    // The engine's debugging lines carry the program's secrets in clear.
    expect(ran.out + ran.err).not.toMatch(/PRIVATE KEY|RegisterResource/);
    expect(ran.err).toContain("restoring");
    expect(ran.json()).toMatchObject({
      id: "one",
      ok: true,
      target: CONFIRM,
      request: { point: expect.stringMatching(/Z-/) },
    });
    expect(await data()).toBe("old");
    expect(await readFile(stack.configFile, "utf8")).toMatch(
      /inline:restore:\n +confirm: inline\/test\/packit\n +id: one/,
    );
    expect((await stack.outputs()).record).toMatchObject({ id: "one", ok: true });
    expect((await cli("status", "--json")).json()).toMatchObject({
      plans: [{ restores: [{ id: "one", step: "finished" }] }],
    });

    await writeFile(at("data/file"), "newer");
    const plain = await stack.up();
    expect(plain.ok, plain.text).toBe(true);
    expect(await data()).toBe("newer");
    const state = JSON.stringify(await stack.export());
    expect(state + (await readFile(stack.configFile, "utf8")) + ran.out + ran.err).not.toContain(identity);
  });

  it("rolls back, and starts the application again", async () => {
    const back = await cli("rollback", "one", "--confirm", CONFIRM);
    expect(back.exit, back.err).toBe(0);
    expect(await data()).toBe("new");
    const programs = (await readFile(at("log"), "utf8")).trim().split("\n");
    expect(programs).toEqual(["stop", "start", "stop", "start"]);
  });

  it("removes what was put aside, when it is asked for by name and nothing holds it", async () => {
    const aside = async () => (await readdir(place)).filter((name) => name.startsWith("data_"));
    expect(await aside()).toHaveLength(1);
    expect((await cli("clean", "one", "--confirm", "inline/test/other")).exit).toBe(2);
    expect(await aside()).toHaveLength(1);
    const cleaned = await cli("clean", "one", "--confirm", CONFIRM, "--json");
    expect(cleaned.json(), cleaned.err).toMatchObject({ ok: true, id: "one", removed: [expect.any(String)] });
    expect(await aside()).toEqual([]);
    expect(await data()).toBe("new");
  });

  it("selects no stack for whoever runs Pulumi next, neither by what it reads nor by a restore", async () => {
    const nothing = await bare("list");
    expect(nothing.exit).toBe(2);
    expect(nothing.err).toMatch(/no stack is selected\n.*give --stack NAME, or run `pulumi stack select`/);
    await stack.select();
    expect((await bare("list")).exit).toBe(0);
  });

  it("ends with the code of a restore that failed, which is recorded and fails once", async () => {
    const other = await generateX25519Identity();
    await writeFile(at("other.key"), other);
    const early = await cli("restore", "--id", "two", "--confirm", CONFIRM, "--identity", at("other.key"));
    expect([early.exit, early.out]).toEqual([7, ""]);
    const late = await cli("restore", "--id", "two", "--confirm", CONFIRM, "--json");
    expect(late.exit, late.err).toBe(5);
    expect(late.json()).toMatchObject({ id: "two", ok: false, error: { code: "missing-secret" } });
    expect(await data()).toBe("new");
    expect((await stack.up()).ok).toBe(true);
  });
});
