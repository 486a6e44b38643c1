import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Plan } from "../../../spec/index.ts";
import { treeDigest } from "../../support/tree-digest.ts";
import { backupOf, makeWorld, restoreJob, restoreWhole, succeeded, type World } from "../world.ts";

const SHAPES = `
CREATE ROLE owner_role LOGIN; CREATE ROLE "Reader ""x""";
CREATE EXTENSION pg_trgm;
CREATE SCHEMA "Odd ""Schema""" AUTHORIZATION owner_role;
CREATE TABLE "Odd ""Schema"""."t; 'x'" (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text);
INSERT INTO "Odd ""Schema"""."t; 'x'" (note) SELECT E'line\\n\\\\.\\t' || n FROM generate_series(1, 500) n;
CREATE TABLE event (at date, n int) PARTITION BY RANGE (at);
CREATE TABLE event_a PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO event SELECT '2025-03-01', n FROM generate_series(1, 300) n;
CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM event;
CREATE TABLE secured (tenant text); ALTER TABLE secured ENABLE ROW LEVEL SECURITY; ALTER TABLE secured FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON secured USING (tenant = current_user); INSERT INTO secured SELECT 'x' FROM generate_series(1, 40);
ALTER TABLE secured OWNER TO owner_role;
SELECT lo_from_bytea(0, 'large object ' || n::text::bytea) FROM generate_series(1, 7) n;
GRANT SELECT ON event TO "Reader ""x""";
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO "Reader ""x""";
GRANT CONNECT ON DATABASE app TO "Reader ""x"""; REVOKE TEMPORARY ON DATABASE app FROM PUBLIC;
ALTER DATABASE app SET work_mem = '7MB'; ALTER ROLE owner_role IN DATABASE app SET statement_timeout = '3s';
ALTER DATABASE app CONNECTION LIMIT 42; COMMENT ON DATABASE app IS 'it''s the app';
`;

describe("restore · postgres, versitygw", () => {
  let world: World;

  beforeAll(async () => {
    world = await makeWorld();
    await world.sql(
      "app",
      SHAPES.replace("'large object ' || n::text::bytea", "convert_to('large object ' || n, 'UTF8')"),
    );
    await mkdir(path.join(world.files, "deep", "er"), { recursive: true });
    await writeFile(path.join(world.files, "deep", "er", "file 'x'\n"), "content", { mode: 0o640 });
    await writeFile(path.join(world.files, "top"), "top");
  });
  afterAll(() => world.close());

  test("[core.5] a database and a tree come back equal: schema, rows, owners, grants, settings, modes, times; what was live is kept", async () => {
    const before = await everything(world, "app", world.files);
    await backupOf(world);
    await destroy(world);
    const { record } = await restoreWhole(world);
    expect(record).toMatchObject({ ok: true });
    expect(record?.checks.length).toBeGreaterThan(2);
    expect(await everything(world, "app", world.files)).toEqual(before);
    expect(record?.superseded).toHaveLength(2);
    const [database, directory] = record?.superseded ?? [];
    const kept = await world.sql("postgres", `SELECT datallowconn FROM pg_database WHERE datname = '${database}'`);
    expect(kept.rows).toEqual([{ datallowconn: false }]);
    expect(await readFile(path.join(directory ?? "", "top"), "utf8")).toBe("changed");
  });

  test("[beyond.8] one command swaps the data from before the restore back, and nothing is lost by it", async () => {
    const before = await everything(world, "app", world.files);
    await backupOf(world);
    await destroy(world);
    const destroyed = await everything(world, "app", world.files);
    const { record } = await restoreWhole(world, { request: { id: "to-be-undone" } });
    expect(record?.ok).toBe(true);
    expect(await everything(world, "app", world.files)).toEqual(before);
    const job = restoreJob(world, "rollback", { request: record?.request ?? {} });
    // Announced and then left: the next call forgets it, and what was restored stays live.
    expect(succeeded(await world.run({ ...job, action: "quiescing" }), "restore").step).toBe("rolling-back");
    expect(succeeded(await world.run({ ...job, action: "recover" }), "restore").step).toBe("finished");
    expect(await everything(world, "app", world.files)).toEqual(before);
    succeeded(await world.run(job), "restore");
    const rolledBack = succeeded(await world.run({ ...job, action: "finish" }), "restore");
    expect(rolledBack.step).toBe("rolled-back");
    expect(await everything(world, "app", world.files)).toEqual(destroyed);
    expect((await restoreWhole(world)).record?.ok).toBe(true);
    expect(await everything(world, "app", world.files)).toEqual(before);
  });

  test("after a disaster: no database, no directory, no roles; all of it comes back", async () => {
    const before = await everything(world, "app", world.files);
    await backupOf(world);
    await world.sql("postgres", "DROP DATABASE app WITH (FORCE)");
    const superseded = await world.sql("postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'app%'");
    for (const { datname } of superseded.rows) await world.sql("postgres", `DROP DATABASE "${datname}"`);
    await world.sql("postgres", `DROP ROLE owner_role; DROP ROLE "Reader ""x"""`);
    await rm(world.files, { recursive: true });
    const { record } = await restoreWhole(world);
    expect(record).toMatchObject({ ok: true, superseded: [] });
    expect(await everything(world, "app", world.files)).toEqual(before);
  });

  test("[core.12] into another database, and into another directory; the live ones are not touched", async () => {
    await backupOf(world);
    const before = await everything(world, "app", world.files);
    const other = path.join(world.directory, "another 'place'");
    const database = await restoreWhole(world, { request: { into: { database: `app "check"` } } });
    expect(database.record).toMatchObject({ ok: true, downtimeSeconds: 0 });
    const files = await restoreWhole(world, { request: { into: { directory: other } } });
    expect(files.record?.ok).toBe(true);
    expect(await checksums(world, `app "check"`)).toEqual(before.rows);
    expect(await treeDigest(other)).toEqual(before.tree);
    expect(await everything(world, "app", world.files)).toEqual(before);
  });

  test("[core.12] production's point onto uat: uat's own settings stay, and what could act on the outside is off", async () => {
    await world.sql("postgres", "CREATE DATABASE app_uat");
    await world.sql("postgres", "ALTER DATABASE app_uat SET work_mem = '3MB'");
    await world.sql(
      "app",
      "CREATE EXTENSION postgres_fdw; CREATE SERVER outside FOREIGN DATA WRAPPER postgres_fdw; CREATE USER MAPPING FOR postgres SERVER outside OPTIONS (user 'u', password 'production')",
    );
    await world.sql(
      "app",
      "CREATE SUBSCRIPTION stream CONNECTION 'host=127.0.0.1 port=1 dbname=x' PUBLICATION p WITH (connect = false, slot_name = NONE)",
    );
    const files = path.join(world.directory, "uat files");
    await mkdir(files);
    const uat = uatPlan(world.plan, files);
    await backupOf(world);
    const { record } = await restoreWhole(world, {
      plan: uat,
      from: { repository: world.plan.repository, plan: "app" },
    });
    expect(record).toMatchObject({ ok: true, from: { environment: "prod" } });
    expect(record?.notes.join("\n")).toMatch(/credential|mapping/);
    expect(record?.notes.join("\n")).toMatch(/subscription/);
    const mappings = await world.sql("app_uat", "SELECT count(*)::int AS n FROM pg_user_mappings");
    expect(mappings.rows).toEqual([{ n: 0 }]);
    const settings = await world.sql("app_uat", "SHOW work_mem");
    expect(settings.rows).toEqual([{ work_mem: "3MB" }]);
    expect((await checksums(world, "app_uat")).length).toBeGreaterThan(3);
    expect((await world.sql("app", "SELECT count(*)::int AS n FROM pg_user_mappings")).rows).toEqual([{ n: 1 }]);
    await world.sql("app", "DROP SUBSCRIPTION stream; DROP SERVER outside CASCADE; DROP EXTENSION postgres_fdw");
  });

  test("a database with a subscription cannot be swapped: refused by name before anything is touched", async () => {
    await backupOf(world);
    await world.sql(
      "app",
      "CREATE SUBSCRIPTION live CONNECTION 'host=127.0.0.1 port=1 dbname=x' PUBLICATION p WITH (connect = false, slot_name = NONE)",
    );
    const before = await everything(world, "app", world.files);
    await expect(restoreWhole(world)).rejects.toThrow(/cannot-swap.*live/s);
    expect(await everything(world, "app", world.files)).toEqual(before);
    await world.sql("app", "DROP SUBSCRIPTION live");
  });

  test("[beyond.8] in place: a verified safety backup comes first, and holds what was overwritten", async () => {
    const wanted = await everything(world, "app", world.files);
    const { id } = await backupOf(world);
    await destroy(world);
    const destroyed = await everything(world, "app", world.files);
    const { record } = await restoreWhole(world, { request: { into: { inPlace: {} }, point: id } });
    expect(record).toMatchObject({ ok: true });
    expect(await everything(world, "app", world.files)).toEqual(wanted);
    const safety = /recovery point (\S+)/.exec(record?.notes.join("\n") ?? "")?.[1];
    expect(safety).toBeDefined();
    expect((await restoreWhole(world, { request: { point: safety ?? "" } })).record?.ok).toBe(true);
    expect(await everything(world, "app", world.files)).toEqual(destroyed);
    expect((await restoreWhole(world, { request: { point: id } })).record?.ok).toBe(true);
  });

  test("a hook sees the restored copy before it is live; one that fails leaves the live data alone", async () => {
    await backupOf(world);
    const psql = path.join(world.postgres.bin, "psql");
    const hooked = {
      ...world.plan,
      hooks: {
        afterRestore: [
          [
            psql,
            "-qc",
            "CREATE TABLE made_by_hook (database text DEFAULT current_database()); INSERT INTO made_by_hook DEFAULT VALUES",
          ],
        ],
      },
    };
    expect((await restoreWhole(world, { plan: hooked })).record?.ok).toBe(true);
    const { rows } = await world.sql("app", "SELECT database FROM made_by_hook");
    expect(rows[0].database).not.toBe("app");
    await world.sql("app", "DROP TABLE made_by_hook");
    const before = await everything(world, "app", world.files);
    const { record } = await restoreWhole(world, {
      plan: { ...world.plan, hooks: { afterRestore: [[psql, "-qc", "no SQL"]] } },
    });
    expect(record).toMatchObject({ ok: false, error: { code: "hook-failed" }, downtimeSeconds: 0 });
    expect(await everything(world, "app", world.files)).toEqual(before);
    const left = await world.sql("postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'app\\_new%'");
    expect(left.rows).toEqual([]);
  });
});

const uatPlan = (plan: Plan, directory: string): Plan => ({
  ...plan,
  stack: "test-uat",
  repository: { ...plan.repository, environment: "uat" },
  sources: plan.sources.map((source) =>
    source.kind === "postgres" ? { ...source, database: "app_uat" } : { ...source, directory },
  ),
});

async function destroy(world: World): Promise<void> {
  await world.sql(
    "app",
    `DROP TABLE IF EXISTS event CASCADE; DELETE FROM secured; SELECT lo_unlink(oid) FROM pg_largeobject_metadata; CREATE TABLE only_before_restore (n int); INSERT INTO only_before_restore VALUES (1)`,
  );
  await rm(path.join(world.files, "deep"), { recursive: true });
  await writeFile(path.join(world.files, "top"), "changed");
}

/** All that a restore must bring back. */
async function everything(world: World, database: string, directory: string) {
  const pgDump = (...args: string[]) =>
    execa(path.join(world.postgres.bin, "pg_dump"), args, { env: world.postgres.env(database) });
  const { stdout } = await pgDump("--schema-only", "--create");
  return { schema: withoutNoise(stdout), rows: await checksums(world, database), tree: await treeDigest(directory) };
}

/** Without the random word of newer pg_dumps, and with the grants on the database in an order of their own: that has no meaning. */
const withoutNoise = (dump: string): string[] => {
  const lines = dump.split("\n").filter((line) => !/^\\(un)?restrict /.test(line));
  const isGrant = (line: string) => / ON DATABASE /.test(line) && /^(GRANT|REVOKE)/.test(line);
  return [...lines.filter((line) => !isGrant(line)), ...lines.filter(isGrant).sort()];
};

async function checksums(world: World, database: string): Promise<string[]> {
  const tables = await world.sql(
    database,
    "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1",
  );
  const lines: string[] = [];
  for (const { name } of tables.rows) {
    const { rows } = await world.sql(
      database,
      `SELECT count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) AS sum FROM ${name} t`,
    );
    lines.push(`${name} ${rows[0].sum}`);
  }
  const blobs = await world.sql(
    database,
    "SELECT count(*) || ' ' || coalesce(sum(hashtextextended(encode(lo_get(oid), 'hex'), 0)), 0) AS sum FROM pg_largeobject_metadata",
  );
  return [...lines, `large objects ${blobs.rows[0].sum}`];
}
