import { createReadStream } from "node:fs";
import { access } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inspectTarget } from "../../../runner/postgres/inspect-target.ts";
import { type Archive, restoreBeside } from "../../../runner/postgres/restore-beside.ts";
import { knowsRestrict, runScript } from "../../../runner/sql/run-script.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres-server.ts";
import { makeTempDir, removeTempDir } from "../../support/temp-dir.ts";
import { tools } from "../../support/tools.ts";
import { createSample, fingerprint, ODD, ROLES } from "../postgres/sample-database.ts";
import { dumpTo, failure, makeWorld, sourceOn, sql, value, type World } from "../postgres/world.ts";

const END = "--\n-- PostgreSQL database dump complete\n--\n\n";

let origin: PostgresServer;
let target: PostgresServer;
let world: World;
let directory: string;

beforeAll(async () => {
  [origin, target] = await Promise.all([startPostgres(), startPostgres()]);
  world = makeWorld({ postgres: origin.password, there: target.password, app: "app" });
  directory = await makeTempDir("scripts");
  await sql(target, "postgres", "CREATE DATABASE filled", "CREATE DATABASE other");
});
afterAll(async () => {
  await Promise.all([origin?.stop(), target?.stop()]);
  await removeTempDir(directory);
});

const there = (database: string) =>
  sourceOn(target, database, { login: { user: "postgres", password: { kind: "env", name: "there" } } });

const script = (file: string): Archive => ({
  script: async (take) => {
    const stream = createReadStream(file);
    await take(stream, finished(stream, { readable: true }));
  },
});

const run = (text: string, whole = Promise.resolve()) =>
  runScript(
    world.context,
    there("filled"),
    { database: "filled", major: 17, superuser: true },
    Readable.from([Buffer.from(text)]),
    whole,
  );

const tables = () => value(target, "filled", "SELECT count(*)::int FROM pg_tables WHERE schemaname = 'public'");

const held = async (server: PostgresServer, database: string) => ({
  rows: await value(server, database, ROWS),
  largeObjects: await value(server, database, "SELECT count(*)::int FROM pg_largeobject_metadata"),
});

/** Of all tables, as text, because a database of every shape has no two alike. */
const ROWS = `SELECT sum((xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM ONLY %I.%I', schemaname, tablename), false, true, '')))[1]::text::int)::int
  FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`;

describe("plain scripts · postgres", () => {
  test("a database of every shape comes back from a plain dump, owners, grants and large objects included", async () => {
    await sql(origin, "postgres", ...ROLES);
    await createSample(origin, ODD);
    const source = sourceOn(origin, ODD, { format: "sql" });
    const { entry, globals } = await dumpTo(world, source, directory);
    expect(entry).toMatchObject({ leastPgRestore: 0, countedBy: "snapshot", artifacts: [{ format: "sql" }, {}] });
    const facts = await inspectTarget(world.context, there(ODD), ODD);
    const archive = script(path.join(directory, "db.sql"));
    await restoreBeside(world.context, there(ODD), {
      entry,
      globals,
      target: facts,
      archive,
      database: ODD,
      open: true,
    });
    expect(await fingerprint(target, ODD)).toEqual(await fingerprint(origin, ODD));
  });

  test.each([
    ["plain", []],
    ["clean", ["--clean"]],
    ["clean-if-exists", ["--clean", "--if-exists"]],
  ])(
    "[chipster.12] a dump by hand (%s) fills an empty database with the same rows and large objects",
    async (database, options) => {
      const env = {
        PGHOST: origin.host,
        PGPORT: String(origin.port),
        PGUSER: "postgres",
        PGDATABASE: ODD,
        PGPASSWORD: origin.password,
      };
      const { stdout } = await execa(path.join(tools().postgresBin, "pg_dump"), options, {
        env,
        encoding: "buffer",
      });
      await sql(target, "postgres", `CREATE DATABASE "${database}"`);
      const facts = { database, major: 17, superuser: true };
      await runScript(world.context, there(database), facts, Readable.from([Buffer.from(stdout)]), Promise.resolve());
      const { rows, largeObjects } = await held(target, database);
      expect(rows).toBeGreaterThan(0);
      expect(largeObjects).toBeGreaterThan(0);
      expect({ rows, largeObjects }).toEqual(await held(origin, ODD));
    },
  );

  test("rows that are counted from the script's own stream are the same", async () => {
    const [small, large] = [sourceOn(origin, ODD, { format: "sql" }), { countFromStreamAbove: 0 }];
    const counted = await dumpTo(world, { ...small, ...large }, directory);
    expect(counted.entry.countedBy).toBe("stream");
    expect(counted.entry.counts).toEqual((await dumpTo(world, small, directory)).entry.counts);
  });

  test("[topobank.11] what fails in the middle, or was cut, leaves nothing behind, and says what psql said", async () => {
    const good = "CREATE TABLE public.t (a int);\nCOPY public.t (a) FROM stdin;\n1\n\\.\n";
    expect(await failure(run(`${good}SELECT 1/0;\n${END}`))).toMatchObject({
      code: "restore-failed",
      fact: expect.stringMatching(/exit code 3: .*division by zero/),
    });
    expect(await failure(run(`${good}COPY public.t (a) FROM stdin;\nx\n\\.\n${END}`))).toMatchObject({
      fact: expect.stringContaining("invalid input syntax"),
    });
    expect(await failure(run(good))).toMatchObject({ code: "corrupt" });
    expect(await tables()).toBe(0);
    const wrong = Promise.reject(new Error("another digest"));
    wrong.catch(() => undefined); // as the callers' own are: it is awaited only at the end of the script
    await expect(run(good + END, wrong)).rejects.toThrow("another digest");
    expect(await tables()).toBe(0);
  });

  test("another database is neither entered nor dropped, and no program is run", async () => {
    const mark = path.join(directory, "mark");
    await failure(run(`CREATE TABLE a ();\n\\! touch ${mark}\n${END}`));
    await failure(run(`\\connect other\n\\connect postgres\n${END}`));
    const notes = await run(
      `DROP DATABASE other;\nCREATE DATABASE other;\n\\connect other\nCREATE TABLE public.here (a int);\n${END}`,
    );
    expect(notes).toHaveLength(2);
    expect(await value(target, "filled", "SELECT to_regclass('public.here') IS NOT NULL")).toBe(true);
    expect(await value(target, "other", "SELECT to_regclass('public.here') IS NULL")).toBe(true);
    await expect(access(mark)).rejects.toThrow();
  });

  test.each([
    [13, "13.21", false],
    [15, "15.14", true],
    [17, "17.5", false],
    [17, "17.6", true],
    [18, "18.0", true],
    [12, "12.22", false],
  ])("whether psql %s (%s) can be restricted: %s", (major, version, known) => {
    expect(knowsRestrict({ major, version })).toBe(known);
  });
});
