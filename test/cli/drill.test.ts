import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PostgresServer, startPostgres } from "../../tools/servers/postgres-server.ts";
import { backupOf, makeWorld, type World } from "../runner/world.ts";
import { restorable } from "./real-cli.ts";

describe("drill on a real scratch server", () => {
  let world: World;
  let server: PostgresServer;
  let words: readonly string[];
  let env: Record<string, string>;

  beforeAll(async () => {
    [world, server] = await Promise.all([makeWorld({ repository: "directory" }), startPostgres()]);
    await world.sql("app", "CREATE TABLE notes AS SELECT n FROM generate_series(1, 42) n");
    await writeFile(path.join(world.files, "file"), "content");
    const at = (name: string) => path.join(world.directory, name);
    await writeFile(at("plan.json"), JSON.stringify(world.plan));
    await writeFile(at("safe.key"), `${world.operatorKey}\n`);
    env = { ...world.secrets, RESTORABLE_SCRATCH_PASSWORD: server.password };
    words = [
      ...["--target", at("plan.json"), "--identity", at("safe.key"), "--scratch-directory", at("scratch")],
      ...["--scratch-host", "127.0.0.1", "--scratch-port", String(server.port)],
    ];
    await backupOf(world);
  });
  afterAll(() => Promise.all([world?.close(), server?.stop()]));

  it("restores, asks, times and records; status shows it, and nothing is left", async () => {
    const check = ["--check", "notes=SELECT count(*) = 42 FROM notes"];
    const { exit, out, err } = await restorable(["drill", ...words, ...check], { env });
    expect(exit, out + err).toBe(0);
    expect(out).toMatch(/rows of 'db' +ok +42 rows in 1 tables; the manifest says 42 in 1\n/);
    expect(out).toMatch(/notes +ok +true\n/);
    expect(out).toMatch(/was restored into PostgreSQL .+ in \d+ s\n/);
    expect(out).toMatch(/what was written in the .+ since its moment would have been lost\n/);
    expect(out).toMatch(/recorded as proofs\//);
    expect(err).toMatch(/restoring 'db' into scratch/);
    expect(await readdir(world.directory)).not.toContain("scratch");
    const status = await restorable(["status", "--target", words[1] ?? ""], { env });
    expect(status.out).toMatch(/last drill +\d{8}T\d{6}Z-\w{4}, \d+ s ago, restored in \d+ s\n/);
    for (const secret of [...Object.values(env), world.operatorKey]) expect(out + err).not.toContain(secret);
  });

  it("ends as failed, and is recorded, when an answer is no; then everything says so", async () => {
    const failed = await restorable(["drill", ...words, "--json", "--check", "none@db=SELECT false"], { env });
    expect(failed.exit, failed.err).toBe(13);
    expect(failed.json()).toMatchObject({ kind: "drill", proof: { ok: false }, error: { code: "unhealthy" } });
    const target = ["--target", words[1] ?? ""];
    expect((await restorable(["list", ...target], { env })).out).toContain("failed its drill");
    const check = await restorable(["check", ...target], { env });
    expect([check.exit, check.out]).toEqual([
      13,
      expect.stringMatching(/drills +FAILED +the last drill, .*none: false/),
    ]);
    expect((await restorable(["status", ...target], { env })).out).toMatch(/last drill +FAILED: /);
  });

  it("[beyond.13] must end as corrupt when it is told to change something on its way", async () => {
    const { exit, err } = await restorable(["drill", ...words, "--corrupt"], { env });
    expect([exit, err]).toEqual([7, expect.stringContaining("and the drill noticed")]);
  });

  it.each([
    [["drill"], 2, "--scratch-directory"],
    [["drill", "--scratch-directory", "/srv/scratch/x"], 5, "--identity"],
    [["drill", "--scratch-directory", "/srv/scratch/x", "--check", "nothing"], 2, "--check"],
  ])("refuses %j", async (args, exit, said) => {
    const refused = await restorable([...args, "--target", words[1] ?? ""], { env });
    expect([refused.exit, refused.err]).toEqual([exit, expect.stringContaining(said)]);
  });
});
