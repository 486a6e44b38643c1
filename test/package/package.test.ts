import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PulumiStack } from "../support/pulumi-stack.ts";
import { makeTempDir, removeTempDir } from "../support/temp-dir.ts";
import { checkout, tools } from "../support/tools.ts";
import { packPackage } from "./pack-package.ts";
import { PROGRAM, TSCONFIG } from "./strangers-project.ts";

let place: string;
let stack: PulumiStack;

const at = (name: string) => path.join(place, name);
const inProject = (name: string) => path.join(stack.projectDirectory, name);
const data = () => readFile(at("data/file"), "utf8");

/** Runs a program in the stranger's project, with the engine and its Node on the PATH and nothing of this checkout. */
const run = (file: string, ...args: string[]) => {
  const PATH = [path.dirname(tools().pulumi), stack.env.PATH].join(path.delimiter);
  return execa(file, args, { cwd: stack.projectDirectory, env: { ...stack.env, PATH }, reject: false, all: true });
};

const restorable = (...args: string[]) => run("npx", "--no", "restorable", "--", ...args, "--stack", "test");

beforeAll(async () => {
  place = await makeTempDir("stranger");
  await Promise.all(["data", "repository", "ledger"].map((name) => mkdir(at(name))));
  await writeFile(at("data/file"), "old");
  stack = await PulumiStack.create({ program: PROGRAM });
  await rm(inProject("node_modules"));
  const archive = await packPackage(place);
  // The packages that set-up has installed are in npm's cache; an install script would look for other plugins.
  await execa("npm", ["install", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", archive], {
    cwd: stack.projectDirectory,
  });
  const identity = await generateX25519Identity();
  await stack.setConfig("place", place);
  await stack.setConfig("recipient", await identityToRecipient(identity));
  await stack.setConfig("identity", identity, { secret: true });
}, 300_000);

afterAll(async () => {
  await stack?.remove();
  await removeTempDir(place);
});

describe("the package in a project of somebody else", () => {
  it("its declarations compile under strict, and a mistake does not", async () => {
    await writeFile(inProject("tsconfig.json"), TSCONFIG);
    const { exitCode, all } = await run(path.join(checkout, "node_modules/.bin/tsc"), "--project", ".");
    expect(exitCode, all).toBe(0);
  });

  it("deploys, backs up by its command and restores by pulumi up, from what npm has installed", async () => {
    const first = await stack.up();
    expect(first.ok, first.text).toBe(true);
    const backup = await restorable("backup", "--json");
    expect(backup.exitCode, backup.all).toBe(0);
    const version = JSON.parse(await readFile(path.join(checkout, "package.json"), "utf8")).version;
    expect(JSON.parse(backup.stdout)).toMatchObject({ manifest: { tools: { restorable: version } } });

    await writeFile(at("data/file"), "new");
    const request = { id: "one", point: "latest", into: { replace: {} }, confirm: "inline/test/shop" };
    await stack.setConfig("restore", JSON.stringify(request));
    const restored = await stack.up();
    expect(restored.ok, restored.text).toBe(true);
    expect(await data()).toBe("old");
    expect((await stack.outputs()).record).toMatchObject({ id: "one", ok: true });
  });

  it("rolls back by its command", async () => {
    const back = await restorable("rollback", "one", "--confirm", "inline/test/shop");
    expect(back.exitCode, back.all).toBe(0);
    expect(await data()).toBe("new");
  });

  it("brings what its pages name, and neither sources nor tests", async () => {
    const { stdout } = await run("find", "node_modules/restorable", "-type", "f");
    const files = stdout.split("\n").map((file) => path.relative("node_modules/restorable", file));
    expect(files).toEqual(
      expect.arrayContaining(["README.md", "LICENSE", "CHANGELOG.md", "docs/cli.md", "spec/json-schema/plan.json"]),
    );
    expect(files.filter((file) => /\.ts$/.test(file) && !/\.d\.ts$/.test(file))).toEqual([]);
    expect(
      files.filter((file) => /^dist\//.test(file) && !/^dist\/(spec|components|runner|launch|cli)\//.test(file)),
    ).toEqual(["dist/package.json"]);
  });
});
