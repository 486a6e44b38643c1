import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkTarget } from "../../../runner/postgres/check-target.ts";
import { compareCounts } from "../../../runner/postgres/compare-counts.ts";
import { dumpPostgres } from "../../../runner/postgres/dump.ts";
import { type Globals, parseGlobals } from "../../../runner/postgres/globals.ts";
import { quoteIdentifier } from "../../../runner/postgres/identifier.ts";
import { inspectTarget } from "../../../runner/postgres/inspect-target.ts";
import { neutralise } from "../../../runner/postgres/neutralise.ts";
import { liveProperties, replayProperties } from "../../../runner/postgres/replay-properties.ts";
import { type Archive, restoreBeside } from "../../../runner/postgres/restore-beside.ts";
import { restoreInPlace } from "../../../runner/postgres/restore-in-place.ts";
import { runPipeline } from "../../../runner/process/pipeline.ts";
import type { PostgresEntry, PostgresSource } from "../../../spec/index.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres-server.ts";
import { makeTempDir, removeTempDir, tempDir } from "../../support/temp-dir.ts";
import { createSample, fingerprint, ODD, propertiesOf, ROLES } from "./sample-database.ts";
import { failure, fileStore, loginOf, makeWorld, sourceOn, sql, value, type World } from "./world.ts";

let origin: PostgresServer;
let target: PostgresServer;
let world: World;
let directory: string;
let entry: PostgresEntry;
let globals: Globals;

beforeAll(async () => {
  [origin, target] = await Promise.all([startPostgres(), startPostgres()]);
  world = makeWorld({ postgres: origin.password, there: target.password, app: "app", maker: "maker" });
  await sql(origin, "postgres", ...ROLES);
  await createSample(origin, ODD);
  directory = await makeTempDir("restore");
  ({ entry, globals } = await dump(sourceOn(origin, ODD), directory));
});
afterAll(async () => {
  await origin?.stop();
  await target?.stop();
  await removeTempDir(directory);
});

async function dump(source: PostgresSource, to: string) {
  const made = await dumpPostgres(world.context, source, fileStore(world.context, to));
  return { entry: made, globals: parseGlobals(await readFile(path.join(to, "db.globals.sql"), "utf8")) };
}

const there = (database: string, more = {}) =>
  sourceOn(target, database, { login: { user: "postgres", password: { kind: "env", name: "there" } }, ...more });

const fileIn = (folder: string): Archive => ({ file: path.join(folder, "db.dump") });
const streamFrom = (folder: string): Archive => ({
  stream: async (consumer) => {
    await runPipeline(world.context, [{ file: "cat", args: [path.join(folder, "db.dump")] }, consumer]);
  },
});

async function restore(source: PostgresSource, database: string, archive: Archive, more = {}) {
  const facts = await inspectTarget(world.context, source, source.database);
  return restoreBeside(world.context, source, { entry, globals, target: facts, archive, database, ...more });
}

describe("a restore into another server", () => {
  it("brings back schema, rows, large objects, owners, grants and properties, and creates the missing roles", async () => {
    const source = there(ODD);
    const notes = await restore(source, ODD, fileIn(directory), { open: true });
    expect(notes).toContain("created the role 'app'");
    expect(await fingerprint(target, ODD)).toEqual(await fingerprint(origin, ODD));
    expect(await propertiesOf(target, ODD)).toEqual(await propertiesOf(origin, ODD));
    const roles = `SELECT string_agg(concat_ws('|', rolname, rolsuper, rolcanlogin, rolinherit, rolcreatedb, rolconnlimit, rolvaliduntil, rolpassword), ';' ORDER BY rolname)
                     FROM pg_authid WHERE rolname !~ '^(pg_|postgres)'`;
    expect(await value(target, "postgres", roles)).toBe(await value(origin, "postgres", roles));
    const checks = await compareCounts(world.context, source, ODD, entry);
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(checks.map(({ name }) => name)).toEqual([`rows of '${ODD}'`, `large objects of '${ODD}'`]);
    expect(await value(target, ODD, "SELECT count(*) > 0 FROM pg_stats WHERE tablename = 'tenant'")).toBe(true);
  });

  it("does the same from a stream, and changes nothing of roles that exist", async () => {
    await sql(target, "postgres", "ALTER ROLE app CONNECTION LIMIT 3 PASSWORD 'another'", "REVOKE app_owner FROM app");
    const before = await value(
      target,
      "postgres",
      "SELECT rolpassword || rolconnlimit FROM pg_authid WHERE rolname = 'app'",
    );
    const notes = await restore(there("streamed"), "streamed", streamFrom(directory), { open: true });
    expect(notes).toEqual([]);
    expect((await fingerprint(target, "streamed")).sums).toEqual((await fingerprint(origin, ODD)).sums);
    expect(
      await value(target, "postgres", "SELECT rolpassword || rolconnlimit FROM pg_authid WHERE rolname = 'app'"),
    ).toBe(before);
    expect(await value(target, "postgres", "SELECT count(*) FROM pg_auth_members WHERE member = 'app'::regrole")).toBe(
      "0",
    );
  });

  it("lets only the owner and superusers in until the swap", async () => {
    await restore(there("beside"), "beside", streamFrom(directory));
    expect(await propertiesOf(target, "beside")).toMatchObject({
      grants: [
        { grantee: "app_owner", privilege_type: "CONNECT" },
        { grantee: "app_owner", privilege_type: "CREATE" },
        { grantee: "app_owner", privilege_type: "TEMPORARY" },
      ],
    });
  });

  it("notices when rows are missing", async () => {
    await restore(there("short"), "short", streamFrom(directory));
    await sql(target, "short", "DELETE FROM parent WHERE id = 1", "DROP TABLE empty", "SELECT lo_unlink(4711)");
    const failed = (await compareCounts(world.context, there("short"), "short", entry)).filter(({ ok }) => !ok);
    expect(failed.map(({ name }) => name)).toEqual([
      "rows of 'short'",
      "large objects of 'short'",
      "rows of public.empty",
      "rows of public.parent",
    ]);
  });

  it("fails with pg_restore's own words on a truncated archive", async () => {
    const cut: Archive = {
      stream: async (consumer) => {
        await runPipeline(world.context, [
          { file: "head", args: ["-c", "60000", path.join(directory, "db.dump")] },
          consumer,
        ]);
      },
    };
    const error = await failure(restore(there("cut"), "cut", cut));
    expect(error).toMatchObject({
      code: "restore-failed",
      fact: expect.stringMatching(/pg_restore into 'cut'.*end of file/),
    });
  });
});

describe("a restore without a superuser", () => {
  it("makes one role the owner of everything, and says so", async () => {
    const folder = await tempDir();
    await sql(origin, "postgres", "CREATE DATABASE simple OWNER app_owner");
    await sql(
      origin,
      "simple",
      "SET ROLE app_owner",
      "CREATE SCHEMA s",
      "CREATE TABLE s.t AS SELECT 1 AS id",
      "RESET ROLE",
      "CREATE EXTENSION hstore",
      "CREATE TABLE mine AS SELECT 2 AS id",
    );
    const simple = await dump(sourceOn(origin, "simple"), folder);
    const fresh = await startPostgres();
    try {
      await sql(fresh, "postgres", "CREATE ROLE maker LOGIN CREATEDB CREATEROLE PASSWORD 'maker'");
      const source = sourceOn(fresh, "simple", { login: loginOf("app"), admin: loginOf("maker") });
      const facts = await inspectTarget(world.context, source);
      expect(facts.admin).toMatchObject({ user: "maker", superuser: false, createDatabase: true });
      expect(checkTarget(simple.entry, facts, "elsewhere")).toEqual([]);
      const request = { ...simple, target: facts, archive: fileIn(folder), database: "simple" };
      const notes = await restoreBeside(world.context, source, request);
      expect(notes.at(-1)).toBe("'maker' is no superuser: every restored object belongs to 'maker'");
      expect(notes.some((note) => note.startsWith("did not create the role 'postgres'"))).toBe(false);
      const owners = "SELECT string_agg(DISTINCT tableowner, ',') FROM pg_tables WHERE schemaname IN ('s', 'public')";
      expect(await value(fresh, "simple", owners)).toBe("maker");
      const checks = await compareCounts(world.context, source, "simple", simple.entry);
      expect(checks.every(({ ok }) => ok)).toBe(true);
    } finally {
      await fresh.stop();
    }
  });

  it("refuses where a role that the database needs cannot be created", async () => {
    const fresh = await startPostgres();
    try {
      await sql(fresh, "postgres", "CREATE ROLE maker LOGIN CREATEDB PASSWORD 'maker'");
      const source = sourceOn(fresh, "x", { login: loginOf("maker") });
      const facts = await inspectTarget(world.context, source);
      const request = { entry, globals, target: facts, archive: fileIn(directory), database: "x" };
      const error = await failure(restoreBeside(world.context, source, request));
      expect(error).toMatchObject({ code: "too-few-rights", fact: expect.stringContaining("lacks the role") });
      expect(await value(fresh, "postgres", "SELECT count(*) FROM pg_database WHERE datname = 'x'")).toBe("0");
    } finally {
      await fresh.stop();
    }
  });
});

describe("a restore in place", () => {
  it("brings back the contents, and the live name keeps its properties", async () => {
    await sql(
      target,
      "postgres",
      "CREATE DATABASE live OWNER app CONNECTION LIMIT 9",
      "COMMENT ON DATABASE live IS 'mine'",
      "REVOKE ALL ON DATABASE live FROM PUBLIC",
      "ALTER DATABASE live SET work_mem = '9MB'",
    );
    const source = there("live");
    const before = await propertiesOf(target, "live");
    const statements = await liveProperties(world.context, source, "live");
    const facts = await inspectTarget(world.context, source);
    const request = { entry, globals, target: facts, archive: fileIn(directory), database: "live" };
    for (let turn = 0; turn < 2; turn += 1) await restoreInPlace(world.context, source, request); // as after a kill
    expect(
      await value(target, "postgres", "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'live'"),
    ).toBe("postgres");
    await replayProperties(world.context, source, "live", statements);
    expect(await propertiesOf(target, "live")).toEqual(before);
    expect((await fingerprint(target, "live")).sums).toEqual((await fingerprint(origin, ODD)).sums);
  });
});

describe("what could act on the outside", () => {
  it("is neutralised and named, and the copy can be dropped", async () => {
    const folder = await tempDir();
    await sql(origin, "postgres", "CREATE DATABASE outward");
    await sql(
      origin,
      "outward",
      "CREATE TABLE t AS SELECT 1 AS id",
      "CREATE EXTENSION postgres_fdw",
      "CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'far.invalid')",
      `CREATE USER MAPPING FOR "Report ""user""" SERVER far OPTIONS (user 'u', password 'far-secret')`,
      "CREATE USER MAPPING FOR PUBLIC SERVER far",
      `CREATE SUBSCRIPTION "Sub 1" CONNECTION 'host=far.invalid password=x' PUBLICATION p WITH (connect = false, slot_name = 'theirs')`,
    );
    const outward = await dump(sourceOn(origin, "outward"), folder);
    const source = there("outward");
    const facts = await inspectTarget(world.context, source);
    await restoreBeside(world.context, source, {
      ...outward,
      target: facts,
      archive: fileIn(folder),
      database: "outward",
    });
    await sql(target, "outward", `ALTER SUBSCRIPTION "Sub 1" ENABLE`);
    const notes = await neutralise(world.context, source, "outward");
    expect(notes).toEqual([
      "neutralised: the subscription 'Sub 1' is disabled and has no slot",
      "neutralised: the credentials of 'Report \"user\"' at the foreign server 'far' are gone",
      "neutralised: the credentials of 'public' at the foreign server 'far' are gone",
    ]);
    expect(await value(target, "outward", "SELECT count(*) FROM pg_user_mappings")).toBe("0");
    const live = await inspectTarget(world.context, source);
    expect(checkTarget(outward.entry, live, "replace")).toMatchObject([
      { code: "cannot-swap", fact: expect.stringContaining("'Sub 1'") },
    ]);
    const { dropDatabase } = await import("../../../runner/postgres/drop-database.ts");
    await dropDatabase(world.context, source, "outward");
    expect(await value(target, "postgres", "SELECT count(*) FROM pg_subscription")).toBe("0");
  });

  it("in the live database is refused by name before a swap", async () => {
    const logical = await startPostgres({ settings: { wal_level: "logical", max_prepared_transactions: "2" } });
    try {
      await sql(logical, "postgres", `CREATE DATABASE ${quoteIdentifier("Live 1")}`);
      await sql(logical, "Live 1", "SELECT pg_create_logical_replication_slot('mine', 'pgoutput')");
      const login = { user: "postgres", password: { kind: "env" as const, name: "logical" } };
      const { context } = makeWorld({ logical: logical.password });
      const facts = await inspectTarget(context, sourceOn(logical, "Live 1", { login }));
      expect(facts.live).toMatchObject({ logicalSlots: ["mine"], cron: false });
      expect(facts.freeBytes).toBeGreaterThan(0);
      expect(checkTarget(entry, facts, "replace")).toMatchObject([
        { code: "cannot-swap", fact: expect.stringContaining("the logical replication slots 'mine'") },
      ]);
      await sql(logical, "Live 1", "SELECT pg_drop_replication_slot('mine')");
      await sql(logical, "Live 1", "BEGIN", "CREATE TABLE p ()", "PREPARE TRANSACTION 'two phases'");
      const again = await inspectTarget(context, sourceOn(logical, "Live 1", { login }));
      expect(checkTarget(entry, again, "replace")).toMatchObject([
        { code: "cannot-swap", fact: expect.stringContaining("two phases") },
      ]);
      expect(await value(logical, "postgres", "SELECT count(*) FROM pg_replication_slots")).toBe("0");
    } finally {
      await logical.stop();
    }
  });
});
