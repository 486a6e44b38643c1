import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkTarget } from "../../../runner/postgres/check-target.ts";
import { dropDatabase } from "../../../runner/postgres/drop-database.ts";
import { quoteIdentifier } from "../../../runner/postgres/identifier.ts";
import { inspectTarget } from "../../../runner/postgres/inspect-target.ts";
import { neutralise } from "../../../runner/postgres/neutralise.ts";
import { restoreBeside } from "../../../runner/postgres/restore-beside.ts";
import type { PostgresEntry } from "../../../spec/index.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres-server.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { ROLES } from "./sample-database.ts";
import { dumpTo, makeWorld, sourceOn, sql, value, type World } from "./world.ts";

let origin: PostgresServer;
let target: PostgresServer;
let world: World;

beforeAll(async () => {
  [origin, target] = await Promise.all([startPostgres(), startPostgres()]);
  world = makeWorld({ postgres: origin.password, there: target.password, app: "app", maker: "maker" });
  await sql(origin, "postgres", ...ROLES);
});
afterAll(async () => {
  await origin?.stop();
  await target?.stop();
});

const there = (database: string, more = {}) =>
  sourceOn(target, database, { login: { user: "postgres", password: { kind: "env", name: "there" } }, ...more });

/** A point that nothing speaks against. */
const harmless = {
  server: { version: "15.1", major: 15 },
  leastPgRestore: 12,
  extensions: [],
  databaseBytes: 1,
} as unknown as PostgresEntry;

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
    const outward = await dumpTo(world, sourceOn(origin, "outward"), folder);
    const source = there("outward");
    const facts = await inspectTarget(world.context, source);
    await restoreBeside(world.context, source, {
      ...outward,
      target: facts,
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
      expect(checkTarget(harmless, facts, "replace")).toMatchObject([
        { code: "cannot-swap", fact: expect.stringContaining("the logical replication slots 'mine'") },
      ]);
      await sql(logical, "Live 1", "SELECT pg_drop_replication_slot('mine')");
      await sql(logical, "Live 1", "BEGIN", "CREATE TABLE p ()", "PREPARE TRANSACTION 'two phases'");
      const again = await inspectTarget(context, sourceOn(logical, "Live 1", { login }));
      expect(checkTarget(harmless, again, "replace")).toMatchObject([
        { code: "cannot-swap", fact: expect.stringContaining("two phases") },
      ]);
      expect(await value(logical, "postgres", "SELECT count(*) FROM pg_replication_slots")).toBe("0");
    } finally {
      await logical.stop();
    }
  });
});
