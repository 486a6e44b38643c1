import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { generateIdentity } from "age-encryption";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OLD_DUMP } from "../runner/old/old-dump.ts";
import { putObject } from "../runner/repository-objects.ts";
import { makeWorld, type World } from "../runner/world.ts";
import { restorable } from "./real-cli.ts";

let world: World;
let at: (name: string) => string;
let withTarget: string[];
let withoutState: string[];
let env: Record<string, string>;

beforeAll(async () => {
  world = await makeWorld({ database: "app", change: (plan) => ({ ...plan, retention: { keepLast: 1, minimum: 1 } }) });
  at = (name) => path.join(world.directory, name);
  await world.sql("app", "CREATE TABLE notes AS SELECT n, 'note ' || n AS text FROM generate_series(1, 500) n");
  await mkdir(path.join(world.files, "sub"));
  await writeFile(path.join(world.files, "sub/file"), "before");
  await writeFile(at("plan.json"), JSON.stringify(world.plan));
  await writeFile(at("operator.key"), `${world.operatorKey}\n`);
  env = {
    ...world.secrets,
    AWS_ACCESS_KEY_ID: world.s3.root.accessKeyId,
    AWS_SECRET_ACCESS_KEY: world.s3.root.secretAccessKey,
  };
  withTarget = ["--target", at("plan.json")];
  const [publicKey = ""] = world.plan.repository.trusted;
  const place = ["--repository", `s3://backups?endpoint=${world.s3.endpoint}`];
  withoutState = [...place, "--environment", "prod", "--plan", "app", "--public-key", publicKey];
});

afterAll(() => world.close());

const restore = (id: string) => [
  ...["restore", ...withoutState, "--ledger", at("ledger"), "--id", id],
  ...["--identity", at("operator.key"), "--confirm", "backups/test-prod/app"],
];

describe("the command line on a real database, real files and a real store", () => {
  it("takes a point, verifies it, and says that all is well", async () => {
    const backup = await restorable(["backup", "--json", ...withTarget], { env });
    expect(backup.exit, backup.out + backup.err).toBe(0);
    expect(backup.json()).toMatchObject({ kind: "backup", manifest: { plan: "app", environment: "prod" } });
    const verify = await restorable(["verify", "--json", "--identity", at("operator.key"), ...withTarget], { env });
    expect(verify.json()).toMatchObject({ ok: true, proof: { ok: true }, proofKey: expect.any(String) });
    const status = await restorable(["status", "--json", ...withTarget], { env });
    expect(status.exit, status.out).toBe(0);
    expect(status.json()).toMatchObject({ healthy: true, plans: [{ plan: "app", proven: backup.json().manifest.id }] });
    const shown = [backup, verify, status].map(({ out, err }) => out + err).join("\n");
    for (const secret of [...Object.values(world.secrets), world.operatorKey]) expect(shown).not.toContain(secret);
  });

  it("[core.12] lists and shows points with no state, no plan and no database at hand", async () => {
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = env as Record<string, string>;
    const only = { env: { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } as Record<string, string> };
    const list = await restorable(["list", "--json", ...withoutState], only);
    expect(list.json().points).toMatchObject([{ signature: "valid", manifest: { plan: "app" } }]);
    const show = await restorable(["show", ...withoutState], only);
    expect(show.out).toMatch(/db +database app on 127\.0\.0\.1:\d+, PostgreSQL/);
    expect(show.out).toContain("To restore it by hand");
    const unsigned = await restorable(["check", ...withoutState.slice(0, -2)], only);
    expect(unsigned.exit).toBe(13);
  });

  it("[core.5] [core.12] restores database and files with no state, by what the manifest remembers, and rolls back", async () => {
    await world.sql("app", "DELETE FROM notes WHERE n > 7");
    await rm(path.join(world.files, "sub"), { recursive: true });
    const ran = await restorable([...restore("lost-state"), "--json"], { env });
    expect(ran.json(), ran.err).toMatchObject({
      ok: true,
      id: "lost-state",
      superseded: [expect.any(String), expect.any(String)],
    });
    expect(ran.exit).toBe(0);
    expect((await world.sql("app", "SELECT count(*)::int AS rows FROM notes")).rows).toEqual([{ rows: 500 }]);
    expect(await readFile(path.join(world.files, "sub/file"), "utf8")).toBe("before");

    const again = await restorable([...restore("lost-state"), "--json"], { env });
    expect([again.exit, again.json().ok]).toEqual([2, false]);

    const back = [
      "rollback",
      "lost-state",
      ...withoutState,
      "--ledger",
      at("ledger"),
      "--confirm",
      "backups/test-prod/app",
    ];
    const rolled = await restorable(back, { env });
    expect(rolled.exit, rolled.err).toBe(0);
    expect((await world.sql("app", "SELECT count(*)::int AS rows FROM notes")).rows).toEqual([{ rows: 7 }]);
    expect(await readdir(world.files)).toEqual([]);
  });

  it("[beyond.8] touches nothing for a wrong confirmation, a wrong key or a missing password, and says which", async () => {
    await writeFile(at("other.key"), await generateIdentity());
    const base = restore("refused");
    const replaced = (flag: string, value: string) =>
      base.map((word, index) => (base[index - 1] === flag ? value : word));
    const { PG_PASSWORD: _, ...without } = env;
    const runs = [
      await restorable(replaced("--confirm", "backups/test-prod/ap"), { env }),
      await restorable(replaced("--identity", at("other.key")), { env }),
      await restorable(base, { env: without }),
    ];
    expect(runs.map(({ exit }) => exit)).toEqual([2, 7, 5]);
    const said = runs.map(({ out, err }) => out + err);
    expect(said[0]).toContain("'backups/test-prod/ap' is not 'backups/test-prod/app'");
    expect(said[1]).toContain("the point is encrypted to");
    expect(said[2]).toContain("PG_PASSWORD");
    expect((await world.sql("app", "SELECT count(*)::int AS rows FROM notes")).rows).toEqual([{ rows: 7 }]);
  });

  it("restores what go-s3-backup stored by its key, with a plan at hand and without any private key", async () => {
    const key = "backup/postgres-backup-20190410213318.sql";
    await putObject(world, key, OLD_DUMP);
    const words = ["restore", "--object", key, "--unverified", "--database", "from_2019", "--id", "old"];
    const without = await restorable([...words, ...withoutState, "--ledger", at("ledger")], { env });
    expect([without.exit, without.err]).toEqual([2, expect.stringContaining("give --target FILE")]);
    const ran = await restorable([...words, ...withTarget, "--confirm", "backups/test-prod/app"], { env });
    expect(ran.exit, ran.err).toBe(0);
    expect(ran.out).toContain(`old object ${key}`);
    expect((await world.sql("from_2019", "SELECT count(*)::int AS rows FROM manager_topography")).rows).toEqual([
      { rows: 3 },
    ]);
  });

  it("prunes nothing until it is confirmed", async () => {
    await writeFile(path.join(world.files, "file"), "after");
    for (const expected of [2, 3]) {
      const { exit, err } = await restorable(["backup", ...withTarget], { env });
      expect(exit, err).toBe(0);
      const { points } = (await restorable(["list", "--json", ...withTarget], { env })).json();
      expect(points).toHaveLength(expected);
      for (const { id } of points)
        await restorable(["mark", "accept", id, "--reason", "a test", ...withTarget], { env });
    }
    const dry = await restorable(["prune", ...withTarget], { env });
    expect(dry.out, dry.err).toContain("1 of 3 points would expire; nothing was changed");
    expect((await restorable(["list", "--json", ...withTarget], { env })).json().points).toHaveLength(3);
    const done = await restorable(["prune", "--confirm", "--json", ...withTarget], { env });
    expect(done.json(), done.err).toMatchObject({ acted: true, how: "deleted" });
    const left = (await restorable(["list", "--json", ...withTarget], { env })).json().points;
    expect(left.map(({ proofs }: { proofs: unknown[] }) => proofs.length)).toEqual([0, 1]);
  });
});
