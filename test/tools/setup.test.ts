import { chmod, cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeTempDir, removeTempDir, tempDir } from "../support/temp-dir.ts";
import { checkout, tools } from "../support/tools.ts";

/** No network, and no npm: it would install into the packages of the checkout that runs this test. */
const ELSEWHERE = { versitygw: "exit 0", restic: "echo restic 0.18.1 of a test", curl: "exit 7", npm: "exit 1" };

/** What this machine may have and the machine of a test has only if it says so. */
const OWN = new Set(["go", "pulumi", "pulumi-language-nodejs", "versitygw", "restic"]);

/** Links to every other program that is on the PATH here. */
let system: string;

beforeAll(async () => {
  system = await makeTempDir("system");
  const folders = (process.env.PATH ?? "").split(path.delimiter).filter((folder) => !folder.includes("node_modules"));
  for (const folder of folders) {
    const names = (await readdir(folder).catch(() => [])).filter((name) => !OWN.has(name));
    // A name that an earlier folder has already is that one's.
    await Promise.allSettled(names.map((name) => symlink(path.join(folder, name), path.join(system, name))));
  }
});
afterAll(() => removeTempDir(system));

/** A machine: a checkout whose packages are installed, an empty cache, and a PATH of `system` and `programs`. */
async function machine(programs: Record<string, string>) {
  const top = await tempDir("setup");
  const bin = path.join(top, "bin");
  const root = path.join(top, "checkout");
  await mkdir(bin);
  await mkdir(root);
  for (const part of ["tools/setup.sh", "tools/setup", "tools/pulumi", "package.json", "package-lock.json"]) {
    await cp(path.join(checkout, part), path.join(root, part), { recursive: true });
  }
  await symlink(path.join(checkout, "node_modules"), path.join(root, "node_modules"));
  const write = async (name: string, body: string) => {
    await writeFile(path.join(bin, name), `#!/bin/sh\n${body}\n`);
    await chmod(path.join(bin, name), 0o755);
  };
  for (const [name, body] of Object.entries({ ...ELSEWHERE, ...programs })) await write(name, body);
  const setUp = async (...args: string[]) => {
    const env = { PATH: `${bin}:${system}`, HOME: top, XDG_CACHE_HOME: path.join(top, "cache"), TOP: top };
    const { exitCode, stdout, stderr } = await execa("/bin/sh", [path.join(root, "tools/setup.sh"), ...args], {
      env,
      extendEnv: false,
      reject: false,
    });
    return { exitCode, stdout, stderr };
  };
  const found = async () => JSON.parse(await readFile(path.join(root, ".restorable/tools.json"), "utf8"));
  return { top, bin, root, write, setUp, found };
}

/** A Pulumi of that version, which notes when it is asked for a plugin and (`reachable`) delivers it. */
const pulumi = (version: string, reachable = true) => `
case "$1" in
  version) echo v${version} ;;
  plugin)
    echo "$@" >>"$TOP/plugins"
    ${reachable} || exit 1
    place=$PULUMI_HOME/plugins/resource-command-v1.2.1
    mkdir -p "$place" && echo >"$place/pulumi-resource-command" && chmod 755 "$place/pulumi-resource-command" ;;
esac`;

/** A `curl` that delivers Pulumi's archive, and a note of every call. */
const delivering = `
echo "$@" >>"$TOP/calls"
while [ $# -gt 1 ]; do [ "$1" = -o ] && to=$2; shift; done
mkdir -p "$TOP/archive/pulumi"
cp "$TOP/official" "$TOP/archive/pulumi/pulumi"
cp "$TOP/archive/pulumi/pulumi" "$TOP/archive/pulumi/pulumi-language-nodejs"
chmod 755 "$TOP/archive/pulumi/"*
tar -czf "$to" -C "$TOP/archive" pulumi
`;

describe("set-up", () => {
  test("takes a Pulumi that is on the PATH, new enough and whole, and its own plugin", async () => {
    const { setUp, found, bin, top } = await machine({ pulumi: pulumi("3.300.1"), "pulumi-language-nodejs": "exit 0" });
    const { exitCode, stdout, stderr } = await setUp();
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toContain("v3.300.1 on the PATH");
    expect(await found()).toMatchObject({ pulumi: path.join(bin, "pulumi"), offline: false, standIns: [] });
    expect(await readFile(path.join(top, "plugins"), "utf8")).toBe("plugin install resource command v1.2.1\n");
  });

  test.each(["3.258.9", "2.999.0", "4.0.0"])("does not take Pulumi %s", async (version) => {
    const { setUp } = await machine({ pulumi: pulumi(version), "pulumi-language-nodejs": "exit 0" });
    const { exitCode, stderr } = await setUp();
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /^setup: pulumi: .*cannot be reached and Go is missing: install Pulumi 3\.259\.0 or newer, or Go$/m,
    );
  });

  test("does not take a Pulumi without its language host", async () => {
    const { setUp } = await machine({ pulumi: pulumi("3.300.1") });
    expect((await setUp()).exitCode).toBe(1);
  });

  test("downloads the official Pulumi once", async () => {
    const { setUp, found, top } = await machine({ curl: delivering });
    await writeFile(path.join(top, "official"), `#!/bin/sh\n${pulumi("3.259.0")}\n`);
    const { exitCode, stdout, stderr } = await setUp();
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toContain("3.259.0 downloaded");
    const official = path.join(top, "cache/restorable/pulumi-3.259.0/pulumi");
    expect(await found()).toMatchObject({ pulumi: official, offline: false });
    expect((await setUp()).stdout).toContain("3.259.0 kept (official download)");
    expect((await readdir(path.join(top, "cache/restorable"))).sort()).toEqual(["pulumi-3.259.0"]);
    expect((await readFile(path.join(top, "plugins"), "utf8")).trim().split("\n")).toHaveLength(1);
    const calls = (await readFile(path.join(top, "calls"), "utf8")).trim().split("\n");
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatch(
      /https:\/\/get\.pulumi\.com\/releases\/sdk\/pulumi-v3\.259\.0-(linux|darwin)-(x64|arm64)\.tar\.gz$/,
    );
  });

  test("a download that is no archive is not kept", async () => {
    const { setUp } = await machine({
      curl: 'while [ $# -gt 1 ]; do [ "$1" = -o ] && echo "<html>" >"$2"; shift; done',
    });
    expect((await setUp()).exitCode).toBe(1);
  });

  test("that fails half way leaves nothing in the cache", async () => {
    const go =
      '[ "$1" = build ] && { while [ "$1" != -o ]; do shift; done; echo half >"$2"; echo broken >&2; exit 1; }';
    const { setUp, top } = await machine({ go });
    const { exitCode, stderr } = await setUp();
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/broken\n.*Pulumi could not be built \(above\)/);
    expect(await readdir(path.join(top, "cache/restorable"))).toEqual([]);
  });

  test("names the stand-in of the one part that could not be had", async () => {
    const { setUp, found } = await machine({
      pulumi: pulumi("3.300.1", false),
      "pulumi-language-nodejs": "exit 0",
    });
    expect((await setUp()).stdout).toContain("stand-ins of this project for: command provider");
    expect(await found()).toMatchObject({ offline: true, standIns: ["command provider"] });
  });

  test("a Pulumi that was built before gets this checkout's stand-ins beside it", async () => {
    const { setUp, found, root, top } = await machine({});
    const built = path.join(top, "cache/restorable/pulumi-3.259.0-built");
    await mkdir(built, { recursive: true });
    await writeFile(path.join(built, "pulumi"), "#!/bin/sh\necho v3.259.0\n", { mode: 0o755 });
    expect((await setUp("demo")).exitCode).toBe(0);
    const found1 = await found();
    expect(found1).toMatchObject({ offline: true, standIns: ["language host", "command provider"] });
    expect(found1.pulumi).toBe(path.join(root, ".restorable/bin/pulumi"));
    const host = await readFile(path.join(root, ".restorable/bin/pulumi-language-nodejs"), "utf8");
    expect(host).toContain(`"${root}/tools/offline/language-host-stand-in.ts"`);
    expect(host).toContain("stand-in");
    expect((await setUp()).exitCode).toBe(0);
    expect(await found()).toEqual(found1);
  });

  test("a restic that is too old does not count: the tests need Go to build one, the demo does without", async () => {
    const { setUp, found } = await machine({
      pulumi: pulumi("3.300.1"),
      "pulumi-language-nodejs": "exit 0",
      restic: "echo restic 0.14.0 of a test",
    });
    expect((await setUp("demo")).exitCode).toBe(0);
    expect(await found()).not.toHaveProperty("restic");
    const { exitCode, stderr } = await setUp();
    expect(exitCode).toBe(1);
    expect(stderr).toContain("restic 0.17 or newer is missing: install it, or Go");
  });

  test("refuses a purpose that it does not know", async () => {
    const { exitCode, stderr } = await (await machine({})).setUp("deploy");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("'deploy' is not a purpose: say demo or test");
  });

  test("what it found here exists", async () => {
    const { standIns: _, offline: __, ...places } = tools();
    for (const [name, place] of Object.entries(places))
      expect((await execa("test", ["-e", String(place)], { reject: false })).exitCode, name).toBe(0);
  });
});
