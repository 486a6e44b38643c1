import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StoreStream } from "../../../runner/artifact/store-stream.ts";
import { dumpPostgres } from "../../../runner/postgres/dump.ts";
import { parseGlobals } from "../../../runner/postgres/globals.ts";
import { quoteIdentifier } from "../../../runner/postgres/identifier.ts";
import { runPipeline } from "../../../runner/process/pipeline.ts";
import { exitCode, postgresEntry } from "../../../spec/index.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres-server.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { waitFor } from "../../support/wait-for.ts";
import { createSample, ODD, ROLES } from "./sample-database.ts";
import { failure, fileStore, loginOf, makeWorld, sourceOn, sql, value, type World } from "./world.ts";

let server: PostgresServer;
let world: World;

beforeAll(async () => {
  server = await startPostgres();
  world = makeWorld({ postgres: server.password, app: "app", reader: "reader-password" });
  await sql(server, "postgres", ...ROLES, "CREATE ROLE reader LOGIN PASSWORD 'reader-password'");
  await createSample(server, ODD);
  await small("large", "INSERT INTO t SELECT generate_series(1, 500000)"); // more than all pipes hold
});
afterAll(() => server?.stop());

const EXPECTED = [
  ["Odd Schema", 'Täble "q"', 500],
  ["public", "cache", 2],
  ["public", "child", 1],
  ["public", "empty", 0],
  ["public", "measure_2025", 365],
  ["public", "measure_2026_a", 167],
  ["public", "measure_2026_rest", 168],
  ["public", "nothing", 1],
  ["public", "parent", 2],
  ["public", "tenant", 2],
].map(([schema, table, rows]) => ({ schema, table, rows }));

/** A database of its own with one small table. */
async function small(name: string, ...more: string[]): Promise<void> {
  await sql(server, "postgres", `CREATE DATABASE ${quoteIdentifier(name)}`);
  await sql(server, name, "CREATE TABLE t (id int)", "INSERT INTO t VALUES (1)", ...more);
}

describe("a dump", () => {
  it.each([
    ["in its snapshot", 20 * 1024 ** 3, "snapshot"],
    ["from its own stream", 0, "stream"],
  ] as const)("counts each table's own rows %s", async (_how, countFromStreamAbove, countedBy) => {
    const directory = await tempDir("dump");
    const source = sourceOn(server, ODD, { countFromStreamAbove });
    const entry = await dumpPostgres(world.context, source, fileStore(world.context, directory));

    expect(postgresEntry.parse(entry)).toMatchObject({ countedBy, rows: 1208, largeObjects: 2, encoding: "UTF8" });
    expect(entry.counts).toEqual(EXPECTED);
    expect(entry.server.major).toBe(15);
    expect(entry.server.systemIdentifier).toMatch(/^\d+$/);
    expect(entry.snapshot.lsn).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
    expect(entry.extensions.map(({ name, schema }) => [name, schema])).toEqual([
      ["hstore", "public"],
      ["pg_trgm", "Odd Schema"],
      ["plpgsql", "pg_catalog"],
    ]);
    expect((await readdir(directory)).sort()).toEqual(["db.dump", "db.globals.sql"]);
    const archive = path.join(directory, "db.dump");
    await runPipeline(world.context, [
      { file: path.join(server.bin, "pg_restore"), args: ["--file=/dev/null", archive] },
    ]);
  });

  it("sees one instant: rows that come later are in neither the dump nor the counts", async () => {
    await small("instant");
    const store = fileStore(world.context, await tempDir());
    const late: StoreStream = async (request) => {
      await sql(server, "instant", "INSERT INTO t VALUES (2)");
      return store(request);
    };
    const entry = await dumpPostgres(world.context, sourceOn(server, "instant"), late);
    expect(entry.rows).toBe(1);
    expect(await value(server, "instant", "SELECT count(*) FROM t")).not.toBe("1");
  });

  it("works with a role that may only read, and leaves passwords out then", async () => {
    await small("readable");
    await sql(server, "readable", "GRANT SELECT ON t TO reader");
    const directory = await tempDir();
    const source = sourceOn(server, "readable", { login: loginOf("reader") });
    const entry = await dumpPostgres(world.context, source, fileStore(world.context, directory));
    expect(entry.rows).toBe(1);
    const globals = parseGlobals(await readFile(path.join(directory, "db.globals.sql"), "utf8"));
    expect(globals.passwords).toBe(false);
    expect(globals.roles.map(({ name }) => name)).toContain("app");
    expect(globals.roles.every(({ password }) => password === undefined)).toBe(true);
  });

  it("keeps its password out of every command line and of the globals", async () => {
    const directory = await tempDir();
    const seen: string[] = [];
    const watch = fileStore(world.context, directory, () =>
      waitFor("pg_dump to run", async () => {
        seen.push(...(await commandLines()));
        return seen.some((line) => line.includes("--snapshot="));
      }),
    );
    await dumpPostgres(world.context, sourceOn(server, "large", { countFromStreamAbove: 0 }), watch);
    expect(seen.join("\n")).not.toContain(server.password);
    expect(await readFile(path.join(directory, "db.globals.sql"), "utf8")).not.toContain(server.password);
    expect(world.steps.join("\n")).not.toContain(server.password);
  });
});

async function commandLines(): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return lines.map((line) => line.replaceAll("\0", " "));
}

/** The process of ours with this argument. */
async function processOf(argument: string): Promise<number | undefined> {
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const [line, stat] = await Promise.all(
      ["cmdline", "stat"].map((file) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "")),
    );
    const parent = Number(/\) \S (\d+)/.exec(stat ?? "")?.[1]);
    if (parent === process.pid && line?.split("\0").includes(argument)) return Number(pid);
  }
  return undefined;
}

describe("globals", () => {
  it("hold roles with verifiers, memberships and the database's properties, and run with psql", async () => {
    const directory = await tempDir();
    await dumpPostgres(world.context, sourceOn(server, ODD), fileStore(world.context, directory));
    const text = await readFile(path.join(directory, "db.globals.sql"), "utf8");
    const globals = parseGlobals(text);
    expect(globals.passwords).toBe(true);
    expect(globals.roles.find(({ name }) => name === "app")).toMatchObject({
      login: true,
      connectionLimit: 50,
      comment: "the application's login",
      password: expect.stringMatching(/^SCRAM-SHA-256\$/),
    });
    expect(globals.memberships).toContainEqual({ group: "app_owner", member: "app", admin: true });
    expect(globals.properties).toMatchObject({ database: ODD, owner: "app_owner", connectionLimit: 77 });
    expect(text).toContain(`-- restorable: role "Report \\"user\\""`);

    const fresh = await startPostgres();
    try {
      await sql(fresh, "postgres", `CREATE DATABASE ${quoteIdentifier(ODD)}`);
      const psql = {
        file: path.join(server.bin, "psql"),
        args: ["--no-psqlrc", "--quiet", "--file=-"],
        env: fresh.env(),
      };
      const errors: string[] = [];
      const script = (await import("node:stream")).Readable.from([text]);
      await runPipeline(world.context, [{ ...psql, onErrorLine: (line) => errors.push(line) }], { input: script });
      expect(
        errors.filter((line) => line.includes("ERROR") && !line.includes('role "postgres" already exists')),
      ).toEqual([]);
      const verifier = "SELECT rolpassword FROM pg_authid WHERE rolname = 'app'";
      expect(await value(fresh, "postgres", verifier)).toBe(await value(server, "postgres", verifier));
    } finally {
      await fresh.stop();
    }
  });

  it("that are not ours are refused", () => {
    expect(() => parseGlobals("CREATE ROLE x;\n")).toThrow(/corrupt/);
    expect(() => parseGlobals('-- restorable: properties {"version":2}\n')).toThrow(/corrupt/);
  });
});

describe("a dump that is refused", () => {
  const nothingStored = async (work: (store: StoreStream) => Promise<unknown>) => {
    const directory = await tempDir();
    const error = await failure(work(fileStore(world.context, directory)));
    expect(await readdir(directory)).toEqual([]);
    return error;
  };

  it("[core.7] a database without any row, with its exit code, unless it may be empty", async () => {
    await sql(server, "postgres", "CREATE DATABASE void");
    const dump = (allowEmpty: boolean) => (store: StoreStream) =>
      dumpPostgres(world.context, sourceOn(server, "void", { allowEmpty }), store);
    expect((await nothingStored(dump(false))).code).toBe("empty-source");
    await sql(server, "void", "CREATE TABLE t (id int)", "CREATE VIEW v AS SELECT 1 AS one", "CREATE EXTENSION hstore");
    const error = await nothingStored(dump(false));
    expect(error).toMatchObject({
      code: "empty-source",
      fact: expect.stringContaining("no row in any of its 1 tables"),
    });
    expect(exitCode(error)).toBe(8);
    const entry = await dump(true)(fileStore(world.context, await tempDir()));
    expect(entry).toMatchObject({ rows: 0, counts: [{ schema: "public", table: "t", rows: 0 }] });
  });

  it("is not refused where it holds large objects only", async () => {
    await sql(server, "postgres", "CREATE DATABASE objects");
    await sql(server, "objects", "SELECT lo_from_bytea(0, 'x')");
    const entry = await dumpPostgres(
      world.context,
      sourceOn(server, "objects"),
      fileStore(world.context, await tempDir()),
    );
    expect(entry).toMatchObject({ rows: 0, largeObjects: 1 });
  });

  it("where row security would hide rows", async () => {
    const error = await nothingStored((store) =>
      dumpPostgres(world.context, sourceOn(server, "secured", { login: loginOf("reader") }), store),
    ).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: "missing-database" });
    await small("secured", "ALTER TABLE t ENABLE ROW LEVEL SECURITY", "GRANT SELECT ON t TO reader");
    const dump = (store: StoreStream) =>
      dumpPostgres(world.context, sourceOn(server, "secured", { login: loginOf("reader") }), store);
    expect(await nothingStored(dump)).toMatchObject({
      code: "too-few-rights",
      fact: expect.stringContaining("row-level security hides rows of public.t"),
      hint: expect.stringContaining("BYPASSRLS"),
    });
    await sql(server, "postgres", "ALTER ROLE reader BYPASSRLS");
    expect(await dump(fileStore(world.context, await tempDir()))).toMatchObject({ rows: 1 });
    await sql(server, "postgres", "ALTER ROLE reader NOBYPASSRLS");
  });

  it("where one table may not be read", async () => {
    await small("partly", "GRANT SELECT ON t TO reader", "CREATE TABLE hidden AS SELECT 1");
    const error = await nothingStored((store) =>
      dumpPostgres(world.context, sourceOn(server, "partly", { login: loginOf("reader") }), store),
    );
    expect(error).toMatchObject({ code: "too-few-rights", fact: expect.stringContaining("public.hidden") });
  });
});

describe("a dump that breaks", () => {
  it.each([
    ["counted in its snapshot", 20 * 1024 ** 3],
    ["counted from its stream", 0],
  ])("says so in pg_dump's own words, %s", async (how, countFromStreamAbove) => {
    const name = `broken ${how}`;
    await small(name, "SELECT lo_from_bytea(1, 'x')", "GRANT SELECT ON t TO reader");
    const source = sourceOn(server, name, { login: loginOf("reader"), countFromStreamAbove });
    const error = await failure(dumpPostgres(world.context, source, fileStore(world.context, await tempDir())));
    expect(error).toMatchObject({
      code: "too-few-rights",
      fact: expect.stringMatching(/pg_dump of .* permission denied/),
    });
  });

  it("[core.7] when pg_dump's session is ended", async () => {
    const store = fileStore(world.context, await tempDir(), () =>
      waitFor("pg_dump's session", async () => {
        const ended =
          "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'large' AND query LIKE 'COPY %'";
        return (await value(server, "postgres", ended)) !== "0";
      }),
    );
    const error = await failure(dumpPostgres(world.context, sourceOn(server, "large"), store));
    expect(error).toMatchObject({ code: "process-failed", fact: expect.stringMatching(/pg_dump of .*terminat/) });
    expect(exitCode(error)).toBe(8);
  });

  it("[core.7] when the process that counts its stream dies", async () => {
    const store = fileStore(world.context, await tempDir(), () =>
      waitFor("the counting pg_restore", async () => {
        const pid = await processOf("--data-only");
        return pid !== undefined && process.kill(pid, "SIGKILL");
      }),
    );
    const source = sourceOn(server, "large", { countFromStreamAbove: 0 });
    const error = await failure(dumpPostgres(world.context, source, store));
    expect(error).toMatchObject({ code: "process-failed", fact: expect.stringMatching(/pg_restore .*SIGKILL/) });
  });

  it("when its stream cannot even begin to be stored; nothing waits for it", async () => {
    await small("unstored");
    const source = sourceOn(server, "unstored", { countFromStreamAbove: 0 });
    const refusing: StoreStream = () => Promise.reject(new Error("no store"));
    await expect(dumpPostgres(world.context, source, refusing)).rejects.toThrow("no store");
  });

  it("when it holds its snapshot for longer than the plan allows", async () => {
    await small("slow");
    const source = sourceOn(server, "slow", { maxSnapshotHours: 1 / 3_600_000 });
    const endless: StoreStream = ({ signal }) =>
      new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    const error = await failure(dumpPostgres(world.context, source, endless));
    expect(error).toMatchObject({ code: "process-failed", hint: expect.stringContaining("maxSnapshotHours") });
  });

  it("when the job is told to stop; its session ends", async () => {
    await small("stopped");
    const stop = new AbortController();
    const { context } = makeWorld(world.secrets, stop.signal);
    const endless: StoreStream = () =>
      new Promise((_resolve, reject) => {
        stop.signal.addEventListener("abort", () => reject(stop.signal.reason));
        stop.abort(new Error("told to stop"));
      });
    await expect(dumpPostgres(context, sourceOn(server, "stopped"), endless)).rejects.toThrow("told to stop");
    await waitFor("no session left", async () => {
      const open = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'stopped'";
      return (await value(server, "postgres", open)) === "0";
    });
  });
});
