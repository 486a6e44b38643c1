import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { RUNNER_IMAGE } from "../../tools/docker/images.ts";
import { docker, Place, program } from "./support/docker.ts";
import { CONFINED, startInContainer } from "./support/run-runner.ts";

/** Runs a program of the image in place of the runner; answers what it printed. */
const inImage = (entry: string, ...args: readonly string[]): Promise<string> =>
  docker("run", "--rm", "--network", "none", ...CONFINED, "--entrypoint", entry, RUNNER_IMAGE, ...args);

describe("the runner's image · docker", () => {
  test.each([
    ["node", /^v24\.21\.0$/],
    ["pg_dump", /^pg_dump \(PostgreSQL\) 17\./],
    ["pg_restore", /^pg_restore \(PostgreSQL\) 17\./],
    ["pg_dumpall", /^pg_dumpall \(PostgreSQL\) 17\./],
    ["psql", /^psql \(PostgreSQL\) 17\./],
    ["vacuumlo", /^vacuumlo \(PostgreSQL\) 17\./],
    ["zstd", /v1\.\d+\.\d+/],
    ["lz4", /v1\.\d+/],
    ["age", /^\d+\.\d+|^v\d+\.\d+/],
    ["tar", /GNU tar/],
    ["gpg", /GnuPG/],
    ["rsync", /rsync +version 3/],
  ])("holds %s", async (name, version) => {
    expect(await inImage(name, "--version")).toMatch(version);
  });

  test.each(["pg_dump", "pg_restore", "psql", "vacuumlo"])(
    "holds %s of a major that its build was asked for",
    async (name) => {
      expect(await inImage(`/usr/lib/postgresql/13/bin/${name}`, "--version")).toMatch(/\(PostgreSQL\) 13\./);
    },
  );

  test("holds restic and ssh, which say their versions in their own way", async () => {
    expect(await inImage("restic", "version")).toMatch(/^restic 0\.\d+/);
    const { stderr } = await execa(program, ["run", "--rm", "--entrypoint", "ssh", RUNNER_IMAGE, "-V"]);
    expect(stderr).toMatch(/^OpenSSH_/);
  });

  test("trusts public certificate authorities", async () => {
    const script = "console.log(fs.readFileSync('/etc/ssl/certs/ca-certificates.crt', 'utf8').length)";
    expect(Number(await inImage("node", "--eval", script))).toBeGreaterThan(100_000);
  });

  test("runs as its own user, without capabilities, and can write nowhere but where it has to", async () => {
    const script = `
      const can = (path) => { try { fs.writeFileSync(path, ""); fs.rmSync(path); return true; } catch { return false; } };
      const status = fs.readFileSync("/proc/self/status", "utf8");
      const capabilities = [...status.matchAll(/^Cap(?:Inh|Prm|Eff|Bnd|Amb):\\t(\\w+)/gm)].map(([, set]) => set);
      console.log(JSON.stringify({
        ids: [process.getuid(), process.getgid(), ...process.getgroups()], capabilities,
        writes: ["/etc/x", "/opt/restorable/x", "/usr/local/bin/x", "/tmp/x", "/dev/shm/x"].filter(can),
      }));`;
    const seen = JSON.parse(await inImage("node", "--eval", script));
    expect(new Set(seen.ids)).toEqual(new Set([10001]));
    expect(new Set(seen.capabilities)).toEqual(new Set(["0000000000000000"]));
    expect(seen.writes).toEqual(["/tmp/x", "/dev/shm/x"]);
  });

  test("carries what the runner needs in a few files, with its licences, and neither Pulumi nor what only a build needs", async () => {
    const script = `
      const own = fs.readdirSync("/opt/restorable", { recursive: true });
      const licences = fs.readFileSync("/opt/restorable/dist/runner/THIRD-PARTY-LICENSES", "utf8");
      console.log(JSON.stringify({ own, licences, version: require("/opt/restorable/package.json").version }));`;
    const { own, licences, version } = JSON.parse(await inImage("node", "--eval", script));
    expect(version).toBe(packageJson.version);
    expect(own.filter((name: string) => name.includes("node_modules"))).toEqual([]);
    const packages = [...licences.matchAll(/^(\S+) \d+\.\d+\.\d+ \(/gm)].map(([, name]) => name);
    expect(packages).toEqual(expect.arrayContaining(["@aws-sdk/client-s3", "zod", "pg", "age-encryption"]));
    for (const name of ["@pulumi/pulumi", "@kubernetes/client-node", "typescript", "rolldown", "commander"])
      expect(packages).not.toContain(name);
  });

  describe("started as a launcher does", () => {
    let place: Place;
    beforeAll(async () => {
      place = await Place.make();
    });
    afterAll(() => place.remove());

    test("answers a job that is none with its error, and needs no shell for that", async () => {
      const entry = await docker(
        "image",
        "inspect",
        "--format",
        "{{json .Config.Entrypoint}} {{.Config.User}}",
        RUNNER_IMAGE,
      );
      expect(entry).toBe('["node","/opt/restorable/dist/runner/main.js"] 10001:10001');
      const { result, exit } = await startInContainer(place, { kind: "nothing" } as never, {}).ended;
      expect(result).toMatchObject({ ok: false, error: { code: "bad-spec" } });
      expect(exit).toBe(2);
    });
  });
});
