import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { generateIdentity } from "age-encryption";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { DrillJob, Manifest, ResultOf } from "../../../spec/index.ts";
import { type PostgresServer, startPostgres } from "../../../tools/servers/postgres-server.ts";
import { startRunner } from "../run-runner.ts";
import { backupOf, catalogOf, makeWorld, pointIdentity, succeeded, type World } from "../world.ts";
import { artifactOf, copyPoint, everything, fileOf, idOf, keysBelow, storeOf } from "./points.ts";

const HOURLY = { kind: "cron", cron: "@hourly", timeZone: "UTC" } as const;

describe("drill · two postgres, versitygw", () => {
  let world: World;
  let server: PostgresServer;
  let good: Manifest;
  let identity: string;
  let copies = 0;

  beforeAll(async () => {
    [world, server] = await Promise.all([makeWorld(), startPostgres()]);
    await world.sql(
      "app",
      `CREATE ROLE owner_role; CREATE ROLE "Reader ""x""" LOGIN PASSWORD 'secret'; GRANT owner_role TO "Reader ""x""";
       CREATE TABLE notes AS SELECT n, 'file-' || n % 3 AS file FROM generate_series(1, 500) n;
       ALTER TABLE notes OWNER TO owner_role; CREATE MATERIALIZED VIEW seen AS SELECT count(*) AS rows FROM notes;
       SELECT lo_from_bytea(0, 'large') FROM generate_series(1, 3); ALTER DATABASE app SET work_mem = '7MB'`,
    );
    await mkdir(path.join(world.files, "sub"));
    for (const name of ["file-0", "file-1", "sub/other"]) await writeFile(path.join(world.files, name), name);
    await symlink("file-0", path.join(world.files, "link"));
    good = await backupOf(world);
    identity = await pointIdentity(world, world.plan, good.id);
  });
  afterAll(() => Promise.all([world?.close(), server?.stop()]));

  const scratchSql = async (text: string) => {
    const client = new pg.Client({ connectionString: server.url() });
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  };
  const databases = () => scratchSql("SELECT datname AS name FROM pg_database WHERE NOT datistemplate ORDER BY 1");
  const roles = () => scratchSql("SELECT rolname AS name FROM pg_roles WHERE rolname NOT LIKE 'pg\\_%' ORDER BY 1");
  const scratch = () => path.join(world.directory, "scratch");

  const drilling = (more: Partial<DrillJob> = {}): DrillJob => ({
    kind: "drill",
    version: 1,
    repository: world.plan.repository,
    plan: "app",
    point: good.id,
    identity: { kind: "env", name: "POINT_IDENTITY" },
    scratch: {
      postgres: {
        host: "127.0.0.1",
        port: server.port,
        login: { user: "postgres", password: { kind: "env", name: "SCRATCH_PASSWORD" } },
        tls: { mode: "prefer" },
      },
      directory: scratch(),
    },
    checks: [],
    record: true,
    corrupt: false,
    ...more,
  });
  const secrets = () => ({ POINT_IDENTITY: identity, SCRATCH_PASSWORD: server.password });
  const drill = (more: Partial<DrillJob> = {}) => world.run(drilling(more), secrets());
  const drilled = async (more: Partial<DrillJob> = {}): Promise<ResultOf<"drill">> =>
    succeeded(await drill(more), "drill");
  const failed = ({ proof }: ResultOf<"drill">) => proof.checks.filter(({ ok }) => !ok);
  const another = (change?: (copy: Manifest) => Manifest) => {
    copies += 1;
    return copyPoint(world, good, idOf(30, copies), change);
  };
  const proofsOf = async (point: string) =>
    (await catalogOf(world)).points.find(({ id }) => id === point)?.proofs.map(({ proof }) => proof);

  /** Whatever a drill did, nothing of it is left, and nothing of the real servers was touched. */
  afterEach(async () => {
    expect(await databases()).toEqual([{ name: "postgres" }]);
    expect(await roles()).toEqual([{ name: "postgres" }]);
    expect(await readdir(scratch()).catch(() => [])).toEqual([]);
  });

  test("[beyond.1] [beyond.12] database and files are restored together into scratch, compared, asked, timed, and the point is proven", async () => {
    const checks = [
      { name: "enough-notes", query: "SELECT count(*) >= 500 FROM notes -- all" },
      { name: "a-file", postgres: "db", query: "SELECT file FROM notes LIMIT 1" },
    ];
    const orphans = [{ name: "files", query: "SELECT file FROM notes", of: "files" }];
    const { proof, proofKey, notes, error, point } = await drilled({
      point: undefined,
      checks,
      orphans,
      schedule: HOURLY,
    });
    expect({ point, error, ok: proof.ok, failed: proof.checks.filter(({ ok }) => !ok) }).toEqual({
      point: good.id,
      error: undefined,
      ok: true,
      failed: [],
    });
    const words = proof.checks.map(({ name, detail }) => `${name}: ${detail}`).join("\n");
    expect(words).toContain("signed by a trusted key");
    expect(words).toMatch(/rows of 'db': 500 rows in 1 tables; the manifest says 500 in 1/);
    expect(words).toContain("3; the manifest says 3"); // large objects
    expect(words).toContain("files: files: 3, as in the manifest");
    expect(words).toContain("enough-notes: true");
    expect(notes.join("\n")).toContain("created the role 'owner_role'");
    expect(notes.join("\n")).toMatch(/orphans 'files': 1 of 3 rows without what they expect in 'files' \(file-2\)/);
    expect(proof.drill?.rtoSeconds).toBeGreaterThan(0);
    expect(proof.drill?.rpoSeconds).toBeGreaterThan(0);
    expect(proof.drill).toMatchObject({ server: expect.stringMatching(/^\d+/), schedule: HOURLY });
    const [recorded] = (await proofsOf(good.id)) ?? [];
    expect(recorded).toEqual(proof);
    expect(proofKey).toContain(`proofs/${good.id}/`);
    const { points } = await catalogOf(world);
    expect(points.at(-1)?.proofs).toMatchObject([{ signature: "valid", proof: { kind: "drill" } }]);
  });

  test("rows that are not what the manifest says fail the drill, and the failure is recorded", async () => {
    const manifest = await another((copy) => ({
      ...copy,
      sources: copy.sources.map((entry) =>
        entry.kind === "postgres"
          ? { ...entry, rows: 501, counts: entry.counts.map((count) => ({ ...count, rows: 501 })) }
          : entry,
      ),
    }));
    const result = await drilled({ point: manifest.id });
    expect(result.error).toMatchObject({ code: "counts-differ", fact: expect.stringContaining("500 rows") });
    expect(failed(result).map(({ name }) => name)).toContain("rows of public.notes");
    expect(await proofsOf(manifest.id)).toEqual([result.proof]);
  });

  test("a drill's own question that is answered with no, null, nothing or an error fails it", async () => {
    const queries = {
      no: "SELECT false",
      null: "SELECT NULL::int",
      nothing: "SELECT 1 WHERE false",
      wrong: "SELECT * FROM no_such_table",
      two: "SELECT 1; DROP TABLE notes",
    };
    const checks = Object.entries(queries).map(([name, query]) => ({ name, query }));
    const result = await drilled({ checks, record: false });
    expect(failed(result).map(({ name }) => name)).toEqual(Object.keys(queries));
    expect(result).toMatchObject({ error: { code: "unhealthy" }, proof: { ok: false } });
    expect(result.proofKey).toBeUndefined();
    const asks = drill({ checks: [{ name: "x", postgres: "other", query: "SELECT true" }] });
    expect(await asks).toMatchObject({ ok: false, error: { code: "bad-config" } });
  });

  test.each(["dump", "globals", "files"] as const)(
    "one flipped bit of the stored %s fails the drill by name; the rest is tried all the same",
    async (role) => {
      const manifest = await another();
      const file = fileOf(world, artifactOf(manifest, role).key);
      const body = await readFile(file);
      body[body.length >> 1] = (body[body.length >> 1] ?? 0) ^ 1;
      await writeFile(file, body);
      const result = await drilled({ point: manifest.id });
      expect(result.error).toMatchObject({
        code: "corrupt",
        fact: expect.stringContaining(artifactOf(manifest, role).key),
      });
      const names = result.proof.checks.filter(({ ok }) => ok).map(({ name }) => name);
      expect(names.some((name) => (role === "files" ? /rows of/ : /files/).test(name))).toBe(true);
      expect(await proofsOf(manifest.id)).toEqual([result.proof]);
    },
  );

  test("[beyond.13] what is changed on purpose on its way must turn it red; the repository is as it was", async () => {
    const before = await everything(storeOf(world));
    expect(await drill({ corrupt: true })).toMatchObject({
      ok: false,
      error: { code: "corrupt", fact: expect.stringMatching(/^one bit of artifacts\/.* and the drill noticed/) },
    });
    expect(await everything(storeOf(world))).toEqual(before);
  });

  test("a server that anybody works with is refused before anything is made there", async () => {
    const port = world.postgres.port;
    const login = { user: "postgres", password: { kind: "env", name: "PG_PASSWORD" } } as const;
    const live = drilling({
      scratch: { postgres: { host: "127.0.0.1", port, login, tls: { mode: "prefer" } }, directory: scratch() },
    });
    const before = await world.sql("postgres", "SELECT datname FROM pg_database ORDER BY 1");
    expect(await world.run(live, secrets())).toMatchObject({ ok: false, error: { code: "wrong-target" } });
    expect((await world.sql("postgres", "SELECT datname FROM pg_database ORDER BY 1")).rows).toEqual(before.rows);

    await scratchSql("CREATE DATABASE somebodys");
    expect(await drill()).toMatchObject({
      ok: false,
      error: { code: "target-not-empty", fact: expect.stringContaining("'somebodys'") },
    });
    await scratchSql("DROP DATABASE somebodys");
    await scratchSql("CREATE TABLE processes (n int)");
    expect(await drill()).toMatchObject({
      ok: false,
      error: {
        code: "target-not-empty",
        fact: expect.stringContaining("'public.processes' in its database 'postgres'"),
      },
    });
    await scratchSql("DROP TABLE processes");
    await scratchSql("CREATE ROLE plain LOGIN CREATEDB PASSWORD 'plain'");
    const plain = drilling();
    if (plain.scratch.postgres) plain.scratch.postgres.login.user = "plain";
    const refused = await world.run(plain, { ...secrets(), SCRATCH_PASSWORD: "plain" });
    expect(refused).toMatchObject({ ok: false, error: { code: "too-few-rights" } });
    await scratchSql("DROP ROLE plain");
  });

  test("a directory that holds anything, and a server older than the dump, are refused", async () => {
    await mkdir(scratch());
    const precious = path.join(scratch(), "precious");
    await writeFile(precious, "");
    expect(await drill()).toMatchObject({
      ok: false,
      error: { code: "target-not-empty", fact: expect.stringContaining("'precious'") },
    });
    expect((await stat(precious)).isFile()).toBe(true);
    await rm(scratch(), { recursive: true });

    const newer = await another((copy) => ({
      ...copy,
      sources: copy.sources.map((entry) =>
        entry.kind === "postgres" ? { ...entry, server: { version: "99.1", major: 99 } } : entry,
      ),
    }));
    expect(await drill({ point: newer.id })).toMatchObject({ ok: false, error: { code: "wrong-version" } });
    const missing = await another((copy) => ({
      ...copy,
      sources: copy.sources.map((entry) =>
        entry.kind === "postgres"
          ? { ...entry, extensions: [{ name: "no_such_extension", version: "1", schema: "public" }] }
          : entry,
      ),
    }));
    expect(await drill({ point: missing.id })).toMatchObject({ ok: false, error: { code: "missing-extension" } });
    expect(await drill({ scratch: { directory: scratch() } })).toMatchObject({
      ok: false,
      error: { code: "bad-config" },
    });
  });

  test("a key that opens no point is refused, and says nothing about any", async () => {
    const before = await keysBelow(storeOf(world), "proofs/");
    const result = await world.run(drilling(), { ...secrets(), POINT_IDENTITY: await generateIdentity() });
    expect(result).toMatchObject({ ok: false, error: { code: "wrong-key" } });
    expect(await keysBelow(storeOf(world), "proofs/")).toEqual(before);
  });

  test("what a killed drill left goes with the next one; a told one leaves nothing", async () => {
    const kill = async (signal: NodeJS.Signals) => {
      const run = startRunner(drilling({ record: false }), { ...world.secrets, ...secrets() }, (line) => {
        if (line.type === "step" && line.text.includes("counting the rows")) run.kill(signal);
      });
      return run.ended;
    };
    expect((await kill("SIGKILL")).signal).toBe("SIGKILL");
    expect((await databases()).length).toBe(2);
    expect(await readdir(scratch())).toEqual(["restorable-drill"]);
    expect((await drilled({ record: false })).proof.ok).toBe(true);
    // Who it was cannot be told of the roles that the killed one brought.
    await scratchSql(`DROP ROLE IF EXISTS owner_role, "Reader ""x"""`);
    const told = await kill("SIGTERM");
    expect(told.result).toMatchObject({ ok: false, error: { code: "interrupted" } });
  });

  test("the key of one point is opened with nothing but a recipient's, and opens that point only", async () => {
    const into = path.join(world.directory, "point.key");
    const job = { kind: "open", version: 1, repository: world.plan.repository, plan: "app", into } as const;
    const serverPassword = path.join(world.directory, "server-password");
    const opening = { ...job, point: good.id, identity: { kind: "env", name: "SAFE_KEY" }, serverPassword } as const;
    const run = startRunner(opening, { ...world.secrets, SAFE_KEY: world.operatorKey });
    const { result, stdout, stderr } = await run.ended;
    expect(result).toMatchObject({ ok: true, kind: "open", point: good.id });
    expect((await readFile(into, "utf8")).trim()).toBe(identity.trim());
    expect((await stat(into)).mode & 0o777).toBe(0o400);
    expect(stdout + stderr).not.toMatch(/AGE-SECRET-KEY/);
    expect(await readFile(serverPassword, "utf8")).toMatch(/^[\w-]{43}$/);
    const wrong = await world.run(opening, { SAFE_KEY: await generateIdentity() });
    expect(wrong).toMatchObject({ ok: false, error: { code: "wrong-key" } });
  });
});
