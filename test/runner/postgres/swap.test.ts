import { setImmediate as breathe } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { quoteIdentifier } from "../../../runner/postgres/identifier.ts";
import { lockTarget } from "../../../runner/postgres/lock.ts";
import { besideName, supersededName } from "../../../runner/postgres/names.ts";
import { liveProperties } from "../../../runner/postgres/replay-properties.ts";
import {
  dropSuperseded,
  dropUnfinished,
  type PostgresPart,
  swapDatabases,
  swapState,
  undoSwap,
} from "../../../runner/postgres/swap.ts";
import { UNFINISHED } from "../../../runner/postgres/unfinished.ts";
import type { PostgresSource } from "../../../spec/index.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres-server.ts";
import { waitFor } from "../../support/wait-for.ts";
import { createSample, ODD, propertiesOf, ROLES } from "./sample-database.ts";
import { connection, failure, loginOf, makeWorld, sourceOn, sql, value, type World } from "./world.ts";

let server: PostgresServer;
let world: World;

beforeAll(async () => {
  server = await startPostgres({ settings: { max_connections: "60" } });
  world = makeWorld({ postgres: server.password, app: "app", maker: "maker" });
  await sql(server, "postgres", ...ROLES);
});
afterAll(() => server?.stop());

/** A live database and a copy beside it, each with a mark that tells them apart. */
async function pair(live: string, owner = "app_owner"): Promise<{ part: PostgresPart; source: PostgresSource }> {
  const at = world.context.now();
  const source = sourceOn(server, live);
  const part: PostgresPart = {
    kind: "postgres",
    source: "db",
    live,
    beside: besideName(live, at),
    superseded: supersededName(live, at),
    existed: true,
    properties: [],
  };
  await make(live, "old", owner);
  await make(part.beside, "new");
  return { part: { ...part, properties: [...(await liveProperties(world.context, source, live))] }, source };
}

async function make(name: string, mark: string, owner = "postgres"): Promise<void> {
  const exists = await value(server, "postgres", `SELECT count(*) FROM pg_database WHERE datname = $l$${name}$l$`);
  if (exists === "0") await sql(server, "postgres", `CREATE DATABASE ${quoteIdentifier(name)} OWNER ${owner}`);
  await sql(
    server,
    name,
    `CREATE TABLE public.mark AS SELECT '${mark}' AS mark`,
    "GRANT SELECT ON public.mark TO PUBLIC",
  );
}

const mark = (database: string) => value(server, database, "SELECT mark FROM public.mark");
const exists = async (name: string) =>
  (await value(server, "postgres", `SELECT count(*) FROM pg_database WHERE datname = $l$${name}$l$`)) === "1";
const opens = (name: string) =>
  value(server, "postgres", `SELECT datallowconn FROM pg_database WHERE datname = $l$${name}$l$`);

describe("a swap", () => {
  it("gives the live name the new data and its own properties, and closes what it supersedes", async () => {
    await createSample(server, ODD);
    const before = await propertiesOf(server, ODD);
    const { part, source } = await pair(ODD);
    expect(await swapState(world.context, source, part)).toBe("before");
    await swapDatabases(world.context, source, part);
    expect(await swapState(world.context, source, part)).toBe("after");
    expect(await mark(ODD)).toBe("new");
    expect(await propertiesOf(server, ODD)).toEqual(before);
    await expect(mark(part.superseded)).rejects.toThrow("not currently accepting connections");

    await swapDatabases(world.context, source, part); // again, as after a kill
    expect(await mark(ODD)).toBe("new");

    await undoSwap(world.context, source, part);
    expect(await mark(ODD)).toBe("old");
    expect(await propertiesOf(server, ODD)).toEqual(before);
    expect(await swapState(world.context, source, part)).toBe("before");
    await undoSwap(world.context, source, part);
    await dropUnfinished(world.context, source, part);
    expect(await exists(part.beside)).toBe(false);
    await dropUnfinished(world.context, source, part);
  });

  it("swaps back by a part whose copy is what was superseded", async () => {
    const { part, source } = await pair("back");
    await swapDatabases(world.context, source, part);
    const reversed = { ...part, beside: part.superseded, superseded: "back_org_2" };
    await swapDatabases(world.context, source, reversed);
    expect(await mark("back")).toBe("old");
    expect(await opens("back_org_2")).toBe(false);
    await dropSuperseded(world.context, source, reversed);
    expect(await exists("back_org_2")).toBe(false);
  });

  it("needs no live database, and can be undone then too", async () => {
    const { part: first, source } = await pair("fresh");
    await sql(server, "postgres", "DROP DATABASE fresh");
    const part = { ...first, existed: false, properties: [] };
    await swapDatabases(world.context, source, part);
    expect(await mark("fresh")).toBe("new");
    await undoSwap(world.context, source, part);
    expect(await exists("fresh")).toBe(false);
    await dropUnfinished(world.context, source, part);
  });

  it("wins against a pool that reconnects without end, twenty times", async () => {
    const { part: first, source } = await pair("busy", "app_owner");
    const stop = new AbortController();
    const seen: string[] = [];
    const hammers = Array.from({ length: 6 }, () => hammer("busy", stop.signal, seen));
    try {
      let part = first;
      for (let round = 0; round < 20; round += 1) {
        await swapDatabases(world.context, source, part);
        const wanted = round % 2 === 0 ? "new" : "old";
        expect(await mark("busy")).toBe(wanted);
        await waitFor("the pool to see the new data", () => seen.at(-1) === wanted);
        part = { ...part, beside: part.superseded, superseded: part.beside };
      }
    } finally {
      stop.abort();
      await Promise.all(hammers);
    }
    expect(seen.length).toBeGreaterThan(20);
  });

  it("leaves the live database open and as it was when it fails", async () => {
    const { part, source } = await pair("steady");
    const before = await propertiesOf(server, "steady");
    await sql(server, "postgres", "CREATE ROLE gone", "DROP ROLE gone");
    const broken = { ...part, properties: [...part.properties, `ALTER DATABASE steady OWNER TO gone`] };
    await expect(swapDatabases(world.context, source, broken)).rejects.toThrow("gone");
    expect(await swapState(world.context, source, part)).toBe("before");
    expect(await mark("steady")).toBe("old");
    expect(await propertiesOf(server, "steady")).toEqual(before);
  });

  it("completes, or is undone, when it was killed after the door was closed", async () => {
    const { part, source } = await pair("killed");
    const before = await propertiesOf(server, "killed");
    await sql(server, "postgres", "ALTER DATABASE killed ALLOW_CONNECTIONS false");
    await undoSwap(world.context, source, part);
    expect(await mark("killed")).toBe("old");
    expect(await propertiesOf(server, "killed")).toEqual(before);
    await sql(server, "postgres", "ALTER DATABASE killed ALLOW_CONNECTIONS false");
    await swapDatabases(world.context, source, part);
    expect(await mark("killed")).toBe("new");
    expect(await propertiesOf(server, "killed")).toEqual(before);
  });

  it("drops a copy under a chosen name only if that says of itself that it is unfinished", async () => {
    const { part, source } = await pair("chooser");
    const chosen = { ...part, beside: "chosen" };
    await make("chosen", "theirs");
    await dropUnfinished(world.context, source, chosen);
    expect(await mark("chosen")).toBe("theirs");
    await sql(server, "postgres", `COMMENT ON DATABASE chosen IS '${UNFINISHED}'`);
    await dropUnfinished(world.context, source, chosen);
    expect(await exists("chosen")).toBe(false);
  });

  it("refuses when somebody else changed the names", async () => {
    const { part, source } = await pair("moved");
    await sql(server, "postgres", "ALTER DATABASE moved RENAME TO moved_away");
    const error = await failure(swapDatabases(world.context, source, part));
    expect(error).toMatchObject({ code: "cannot-swap", hint: expect.stringContaining("'moved'") });
    expect(await mark("moved_away")).toBe("old");
  });

  it("is refused to a role that may not rename, with nothing changed", async () => {
    const { part, source } = await pair("strict", "postgres");
    const error = await failure(swapDatabases(world.context, { ...source, login: loginOf("app") }, part));
    expect(error.code).toBe("too-few-rights");
    expect(await mark("strict")).toBe("old");
  });

  it("needs no superuser: an admin who may act as the owner and end sessions will do", async () => {
    const { part, source } = await pair("modest");
    await sql(
      server,
      "postgres",
      "CREATE ROLE maker LOGIN CREATEDB PASSWORD 'maker' IN ROLE app_owner, pg_signal_backend",
      `ALTER DATABASE ${quoteIdentifier(part.beside)} OWNER TO app_owner`,
      "COMMENT ON DATABASE modest IS 'kept'",
    );
    const admin = { ...source, admin: loginOf("maker") };
    const properties = [...(await liveProperties(world.context, admin, "modest"))];
    const idle = new pg.Client(connection(server, "modest", "app", "app"));
    const thrownOut = new Promise((resolve) => idle.on("error", resolve));
    await idle.connect();
    await swapDatabases(world.context, admin, { ...part, properties });
    await thrownOut;
    expect(await mark("modest")).toBe("new");
    expect(JSON.stringify(await propertiesOf(server, "modest"))).toContain("kept");
  });

  it("works from template1 when 'postgres' itself is swapped", async () => {
    const { part, source } = await pair("postgres", "postgres");
    await swapDatabases(world.context, source, part);
    expect(await mark("postgres")).toBe("new");
    await undoSwap(world.context, source, part);
    expect(await mark("postgres")).toBe("old");
  });
});

/** An application that connects, reads, and connects again at once, whatever it is told. */
async function hammer(database: string, stop: AbortSignal, seen: string[]): Promise<void> {
  while (!stop.aborted) {
    const client = new pg.Client(connection(server, database, "app", "app"));
    client.on("error", () => {});
    try {
      await client.connect();
      const { rows } = await client.query("SELECT mark FROM public.mark");
      seen.push(rows[0].mark);
    } catch {
      await breathe(); // refused or thrown out: it tries again
    } finally {
      await client.end().catch(() => {});
    }
  }
}

describe("the lock of a target", () => {
  it("is for one at a time, and goes with its session", async () => {
    const source = sourceOn(server, "locked");
    const first = await lockTarget(world.context, source);
    expect((await failure(lockTarget(world.context, source))).code).toBe("busy");
    const other = await lockTarget(world.context, source, "another");
    await other.release();
    await first.release();
    const second = await lockTarget(world.context, source);
    await sql(server, "postgres", "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'");
    await waitFor("the loss to be noticed", () => second.lost.aborted);
    expect(second.lost.reason).toMatchObject({ code: "lease-lost" });
    expect(first.lost.aborted).toBe(false);
    await second.release();
  });
});
