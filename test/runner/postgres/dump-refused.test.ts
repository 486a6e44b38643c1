import { readdir } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StoreStream } from "../../../runner/artifact/store-stream.ts";
import { dumpPostgres } from "../../../runner/postgres/dump.ts";
import { exitCode } from "../../../spec/index.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres-server.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { failure, fileStore, loginOf, makeWorld, small, sourceOn, sql, type World } from "./world.ts";

let server: PostgresServer;
let world: World;

beforeAll(async () => {
  server = await startPostgres();
  world = makeWorld({ postgres: server.password, app: "app", reader: "reader-password" });
  await sql(server, "postgres", "CREATE ROLE reader LOGIN PASSWORD 'reader-password'");
});
afterAll(() => server?.stop());

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
    await small(server, "secured", "ALTER TABLE t ENABLE ROW LEVEL SECURITY", "GRANT SELECT ON t TO reader");
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
    await small(server, "partly", "GRANT SELECT ON t TO reader", "CREATE TABLE hidden AS SELECT 1");
    const error = await nothingStored((store) =>
      dumpPostgres(world.context, sourceOn(server, "partly", { login: loginOf("reader") }), store),
    );
    expect(error).toMatchObject({ code: "too-few-rights", fact: expect.stringContaining("public.hidden") });
  });
});
