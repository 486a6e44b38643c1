import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkTarget } from "../../../runner/postgres/check-target.ts";
import { compareCounts } from "../../../runner/postgres/compare-counts.ts";
import type { Globals } from "../../../runner/postgres/globals.ts";
import { inspectTarget } from "../../../runner/postgres/inspect-target.ts";
import { liveProperties, replayProperties } from "../../../runner/postgres/replay-properties.ts";
import { type Archive, restoreBeside } from "../../../runner/postgres/restore-beside.ts";
import { restoreInPlace } from "../../../runner/postgres/restore-in-place.ts";
import { runPipeline } from "../../../runner/process/pipeline.ts";
import type { PostgresEntry, PostgresSource } from "../../../spec/index.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres-server.ts";
import { makeTempDir, removeTempDir, tempDir } from "../../support/temp-dir.ts";
import { createSample, fingerprint, ODD, propertiesOf, ROLES } from "./sample-database.ts";
import { dumpTo, failure, loginOf, makeWorld, sourceOn, sql, value, type World } from "./world.ts";

let origin: PostgresServer;
let target: PostgresServer;
let world: World;
let directory: string;
let entry: PostgresEntry;
let globals: Globals;
let archive: Archive;

beforeAll(async () => {
  [origin, target] = await Promise.all([startPostgres(), startPostgres()]);
  world = makeWorld({ postgres: origin.password, there: target.password, app: "app", maker: "maker" });
  await sql(origin, "postgres", ...ROLES);
  await createSample(origin, ODD);
  directory = await makeTempDir("restore");
  ({ entry, globals, archive } = await dumpTo(world, sourceOn(origin, ODD), directory));
});
afterAll(async () => {
  await origin?.stop();
  await target?.stop();
  await removeTempDir(directory);
});

const there = (database: string, more = {}) =>
  sourceOn(target, database, { login: { user: "postgres", password: { kind: "env", name: "there" } }, ...more });

const streamFrom = (folder: string): Archive => ({
  stream: async (consumer) => {
    await runPipeline(world.context, [{ file: "cat", args: [path.join(folder, "db.dump")] }, consumer]);
  },
});

async function restore(source: PostgresSource, database: string, archive: Archive, more = {}) {
  const facts = await inspectTarget(world.context, source, source.database);
  return restoreBeside(world.context, source, { entry, globals, target: facts, archive, database, ...more });
}

async function commandLines(): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  return Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
}

describe("a restore into another server", () => {
  it("brings back schema, rows, large objects, owners, grants and properties, and creates the missing roles", async () => {
    const source = there(ODD);
    const notes = await restore(source, ODD, archive, { open: true });
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

  it("keeps its password out of every command line", async () => {
    const seen: string[] = [];
    const watched: Archive = {
      stream: async (consumer) => {
        const cat = { file: "cat", args: [path.join(directory, "db.dump")] };
        const look = async () => {
          while (!seen.some((line) => line.includes("dbname='watched'"))) seen.push(...(await commandLines()));
        };
        await Promise.all([runPipeline(world.context, [cat, consumer]), look()]);
      },
    };
    await restore(there("watched"), "watched", watched);
    expect(seen.join("\n")).not.toContain(target.password);
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
    const simple = await dumpTo(world, sourceOn(origin, "simple"), folder);
    const fresh = await startPostgres();
    try {
      await sql(fresh, "postgres", "CREATE ROLE maker LOGIN CREATEDB CREATEROLE PASSWORD 'maker'");
      const source = sourceOn(fresh, "simple", { login: loginOf("app"), admin: loginOf("maker") });
      const facts = await inspectTarget(world.context, source);
      expect(facts.admin).toMatchObject({ user: "maker", superuser: false, createDatabase: true });
      expect(checkTarget(simple.entry, facts, "elsewhere")).toEqual([]);
      const request = { ...simple, target: facts, database: "simple" };
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
      const request = { entry, globals, target: facts, archive, database: "x" };
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
    const request = { entry, globals, target: facts, archive, database: "live" };
    for (let turn = 0; turn < 2; turn += 1) await restoreInPlace(world.context, source, request); // as after a kill
    expect(
      await value(target, "postgres", "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'live'"),
    ).toBe("postgres");
    await replayProperties(world.context, source, "live", statements);
    expect(await propertiesOf(target, "live")).toEqual(before);
    expect((await fingerprint(target, "live")).sums).toEqual((await fingerprint(origin, ODD)).sums);
  });
});
