import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dumpPostgres } from "../../../runner/postgres/dump.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres-server.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { fileStore, loginOf, makeWorld, sourceOn, sql, type World } from "./world.ts";

let server: PostgresServer;
let world: World;

const MAKE = [
  "CREATE TABLE doc (id int PRIMARY KEY, body oid)",
  "INSERT INTO doc SELECT n, lo_from_bytea(0, decode(repeat('61', 1000), 'hex')) FROM generate_series(1, 30) n",
  "DELETE FROM doc WHERE id > 10",
];

beforeAll(async () => {
  server = await startPostgres();
  world = makeWorld({ postgres: server.password, reader: "reader-password" });
  await sql(
    server,
    "postgres",
    "CREATE ROLE reader LOGIN PASSWORD 'reader-password' IN ROLE pg_read_all_data",
    ...["kept", "asis", "denied", "none"].map((name) => `CREATE DATABASE ${name}`),
  );
  for (const name of ["kept", "asis", "denied"]) await sql(server, name, ...MAKE);
  await sql(server, "none", "CREATE TABLE t AS SELECT 1 AS n");
});
afterAll(() => server?.stop());

const dump = async (database: string, more: Parameters<typeof sourceOn>[2]) =>
  dumpPostgres(world.context, sourceOn(server, database, more), fileStore(world.context, await tempDir("vacuumlo")));

const left = async (database: string): Promise<number> => {
  const [result] = await sql(server, database, "SELECT count(*)::int AS n FROM pg_largeobject_metadata");
  return result?.rows[0]?.n;
};

describe("vacuumlo before a dump", () => {
  test("removes large objects that nothing refers to, and the manifest says how many", async () => {
    const entry = await dump("kept", { vacuumlo: true });
    expect(entry).toMatchObject({ removedLargeObjects: 20, largeObjects: 10 });
    expect(await left("kept")).toBe(10);
    expect(world.steps).toContain("removing 20 large object(s) of 'kept' that nothing refers to");
    expect(await dump("kept", { vacuumlo: true })).toMatchObject({ removedLargeObjects: 0, largeObjects: 10 });
  });

  test("does nothing where the plan does not ask for it, and says nothing of it", async () => {
    const entry = await dump("asis", {});
    expect(entry.largeObjects).toBe(30);
    expect(entry).not.toHaveProperty("removedLargeObjects");
    expect(await left("asis")).toBe(30);
  });

  test("a role that does not own them: a clear error before the dump, and every object is still there", async () => {
    const failed = dump("denied", { vacuumlo: true, login: loginOf("reader") });
    await expect(failed).rejects.toMatchObject({
      code: "too-few-rights",
      fact: expect.stringMatching(/vacuumlo of 'denied'.*must be owner of large object/i),
      hint: expect.stringContaining('"reader" does not'),
    });
    expect(await left("denied")).toBe(30);
  });

  test("a database without large objects", async () => {
    expect(await dump("none", { vacuumlo: true })).toMatchObject({ removedLargeObjects: 0, largeObjects: 0 });
  });
});
