import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StoreStream } from "../../../runner/artifact/store-stream.ts";
import { dumpPostgres } from "../../../runner/postgres/dump.ts";
import { parseGlobals } from "../../../runner/postgres/globals.ts";
import { runPipeline } from "../../../runner/process/pipeline.ts";
import { postgresEntry } from "../../../spec/index.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres-server.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { waitFor } from "../../support/wait-for.ts";
import { createSample, ODD, ROLES } from "./sample-database.ts";
import { fileStore, loginOf, makeWorld, small, sourceOn, sql, type World } from "./world.ts";

let server: PostgresServer;
let world: World;

beforeAll(async () => {
  server = await startPostgres();
  world = makeWorld({ postgres: server.password, app: "app", reader: "reader-password" });
  await sql(server, "postgres", ...ROLES, "CREATE ROLE reader LOGIN PASSWORD 'reader-password'");
  await createSample(server, ODD);
  await small(server, "large", "INSERT INTO t SELECT generate_series(1, 500000)"); // more than all pipes hold
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
    await small(server, "instant");
    const directory = await tempDir();
    const store = fileStore(world.context, directory);
    const late: StoreStream = async (request) => {
      await sql(server, "instant", "INSERT INTO t VALUES (2)"); // the snapshot is open, pg_dump has not begun
      return store(request);
    };
    const entry = await dumpPostgres(world.context, sourceOn(server, "instant"), late);
    expect(entry.rows).toBe(1);
    const script = path.join(directory, "script.sql");
    const args = ["--data-only", `--file=${script}`, path.join(directory, "db.dump")];
    await runPipeline(world.context, [{ file: path.join(server.bin, "pg_restore"), args }]);
    expect(await readFile(script, "utf8")).toContain("COPY public.t (id) FROM stdin;\n1\n\\.\n");
  });

  it("works with a role that may only read, and leaves passwords out then", async () => {
    await small(server, "readable");
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
