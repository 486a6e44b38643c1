import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PostgresEntry, ResultOf } from "../../spec/index.ts";
import { TIMESCALEDB_IMAGE } from "../../tools/docker/images.ts";
import { restoreJob, restoreWhole, succeeded, type World } from "../runner/world.ts";
import { waitFor } from "../support/wait-for.ts";
import { docker } from "./support/docker.ts";
import { type DockerWorld, makeDockerWorld, pointIdentity } from "./support/world.ts";

/** 300 rows in 13 chunks, 40 in 4, and a table of the ordinary kind. */
const SEED = `
  CREATE TABLE samples (at timestamptz NOT NULL, value double precision);
  SELECT create_hypertable('samples', 'at', chunk_time_interval => interval '1 day');
  INSERT INTO samples SELECT '2026-01-01Z'::timestamptz + n * interval '1 hour', n FROM generate_series(0, 299) n;
  CREATE SCHEMA "Odd names";
  CREATE TABLE "Odd names"."by, key" (id bigint NOT NULL, text text);
  SELECT create_hypertable('"Odd names"."by, key"', by_range('id', 10));
  INSERT INTO "Odd names"."by, key" SELECT n, 'text ' || n FROM generate_series(0, 39) n;
  CREATE TABLE colonies (name text PRIMARY KEY);
  INSERT INTO colonies VALUES ('one'), ('two');`;

/** An index that is made at once here, and never in a copy. */
const STUCK = `
  CREATE FUNCTION stuck(value int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
    BEGIN
      IF current_database() <> 'postgres' THEN PERFORM pg_catalog.pg_sleep(3600); END IF;
      RETURN value;
    END $$;
  CREATE TABLE held AS SELECT 1 AS value;
  CREATE INDEX ON held (stuck(value));`;

const KILL = `
  for (const pid of fs.readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name))) {
    let name = "";
    try { name = fs.readFileSync("/proc/" + pid + "/comm", "utf8").trim(); } catch {}
    if (name === "pg_restore") process.kill(Number(pid), "SIGKILL");
  }`;

const HYPERTABLES = [
  { schema: "Odd names", table: "by, key", chunks: 4, rows: 40 },
  { schema: "public", table: "samples", chunks: 13, rows: 300 },
];

describe("TimescaleDB in a database that is called 'postgres' · docker, timescaledb 2.19.3 on 17, versitygw", () => {
  let world: DockerWorld;
  let whole: World;
  let point: ResultOf<"backup">["manifest"];
  let entry: PostgresEntry;

  const sql = (text: string, database = "postgres") => world.sql(database, text);
  /** What only the live data have, and what only the point has. */
  const live = () => sql("SELECT count(*) FROM samples");
  const restoring = (database: string) => sql("SHOW timescaledb.restoring", database);
  const databases = async () => (await sql("SELECT datname FROM pg_database ORDER BY 1", "template1")).split("\n");
  const scheduler = (database: string) =>
    waitFor(`the scheduler of ${database}`, async () => {
      const found = await sql(
        `SELECT count(*) FROM pg_stat_activity WHERE datname = '${database}' AND backend_type LIKE 'TimescaleDB%Scheduler'`,
        "template1",
      );
      return found === "1" || undefined;
    });

  beforeAll(async () => {
    world = await makeDockerWorld({ image: TIMESCALEDB_IMAGE, database: "postgres" });
    const [database] = world.plan.sources;
    const plan = { ...world.plan, sources: database ? [database] : [] };
    whole = { plan, run: world.run, operatorKey: world.operatorKey } satisfies Partial<World> as unknown as World;
    await sql(SEED);
    point = succeeded(await world.run({ kind: "backup", version: 1, plan }), "backup").manifest;
    const [found] = point.sources;
    if (found?.kind !== "postgres") throw new Error("no database in the point");
    entry = found;
  });

  afterAll(() => world?.close());

  test("[colonies.10] a point names both versions, and its hypertables with their chunks and rows", async () => {
    expect(entry.server.version).toMatch(/^17\./);
    expect(entry.extensions).toContainEqual({ name: "timescaledb", version: "2.19.3", schema: "public" });
    const license = await sql("SHOW timescaledb.license");
    expect(entry.timescale).toEqual({ license, hypertables: HYPERTABLES, continuousAggregates: [] });
    // The parents themselves hold nothing.
    expect(entry.counts).toContainEqual({ schema: "public", table: "samples", rows: 0 });
    expect(entry.rows).toBe(342);
  });

  test("rows that are counted in the dump's stream add up to the same", async () => {
    const [source] = whole.plan.sources;
    const counting = { ...whole.plan, sources: [{ ...source, countFromStreamAbove: 0 }] } as typeof whole.plan;
    const { manifest } = succeeded(await world.run({ kind: "backup", version: 1, plan: counting }), "backup");
    expect(manifest.sources).toMatchObject([{ countedBy: "stream", timescale: entry.timescale }]);
  });

  test("[colonies.13] it restores beside, compares hypertables, and the copy takes rows into chunks", async () => {
    const { record } = await restoreWhole(whole, { request: { into: { database: "copy" } } });
    expect(record).toMatchObject({ ok: true });
    expect(record?.checks).toContainEqual({
      name: "hypertables of 'copy'",
      ok: true,
      detail: "2 hypertables, 340 rows in 17 chunks; the manifest says 2 hypertables, 340 rows in 17 chunks",
    });
    expect(await restoring("copy")).toBe("off");
    await sql("INSERT INTO samples VALUES ('2027-01-01Z', 1)", "copy");
    expect(await sql("SELECT count(*) FROM show_chunks('samples')", "copy")).toBe("14");
    expect(await sql("SELECT count(*) FROM ONLY samples", "copy")).toBe("0");
  });

  test("it takes the place of 'postgres' itself and gives it back, with TimescaleDB's workers each time", async () => {
    await sql("INSERT INTO samples VALUES ('2027-01-01Z', 1)");
    await sql("ALTER DATABASE postgres SET timescaledb.restoring = 'on'"); // somebody forgot it by hand
    const job = restoreJob(whole, "prepare", { request: { point: point.id } });
    const secrets = { POINT_IDENTITY: await pointIdentity(world, point.id) };
    const act = async (...actions: readonly (typeof job.action)[]) => {
      let last: ResultOf<"restore"> | undefined;
      for (const action of actions) last = succeeded(await world.run({ ...job, action }, secrets), "restore");
      return last?.record;
    };
    const record = await act("prepare", "quiescing", "swap", "finish");
    expect(record).toMatchObject({ ok: true, superseded: [expect.stringMatching(/^postgres_org_/)] });
    expect(await live()).toBe("300");
    expect(await restoring("postgres")).toBe("off");
    await scheduler("postgres");

    await act("rollback", "finish");
    expect(await live()).toBe("301");
    expect(await restoring("postgres")).toBe("off");
    await scheduler("postgres");
  });

  test("it replaces 'postgres' in place, after a safety point", async () => {
    const { record } = await restoreWhole(whole, { request: { point: point.id, into: { inPlace: {} } } });
    expect(record).toMatchObject({ ok: true });
    expect(await live()).toBe("300");
    expect(await restoring("postgres")).toBe("off");
    await scheduler("postgres");
  });

  test("[colonies.9] a pg_restore that is killed ends the restore with an error; the live database and its mode stay", async () => {
    await sql(STUCK);
    const { manifest } = succeeded(await world.run({ kind: "backup", version: 1, plan: whole.plan }), "backup");
    const before = await databases();
    const job = restoreJob(whole, "prepare", { request: { point: manifest.id } });
    const running = world.start(job, { POINT_IDENTITY: await pointIdentity(world, manifest.id) });
    await waitFor("pg_restore to hang in the copy", async () => {
      const hanging = "SELECT datname FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname LIKE '%_new_%'";
      return (await sql(hanging, "template1")) !== "" || undefined;
    });
    await docker("exec", running.container, "node", "--eval", KILL);
    const { result } = await running.ended;
    expect(result).toMatchObject({
      ok: true,
      record: { ok: false, error: { fact: expect.stringMatching(/SIGKILL/) } },
    });
    expect(await databases()).toEqual(before);
    expect(await restoring("postgres")).toBe("off");
  });

  test("[colonies.10] a server that has another version of TimescaleDB is refused before anything is made or dropped", async () => {
    const before = await databases();
    // Where the server looks for the versions that it can make.
    const share = await sql("SELECT setting FROM pg_config WHERE name = 'SHAREDIR'", "template1");
    const shell = (script: string) => docker("exec", world.postgres, "sh", "-c", `cd ${share}/extension && ${script}`);
    await shell(
      "mkdir ../kept && mv timescaledb--*.sql ../kept && cp ../kept/timescaledb--2.19.3.sql timescaledb--2.18.2.sql",
    );
    try {
      for (const into of [{ replace: {} }, { inPlace: {} }, { database: "other" }]) {
        const job = restoreJob(whole, "prepare", { request: { into, point: point.id } });
        const result = await world.run(job, { POINT_IDENTITY: await pointIdentity(world, point.id) });
        expect(result).toMatchObject({
          ok: false,
          error: { code: "wrong-version", fact: expect.stringMatching(/2\.19\.3.*2\.18\.2/) },
        });
      }
    } finally {
      await shell("rm timescaledb--2.18.2.sql && mv ../kept/* .");
    }
    expect(await databases()).toEqual(before);
  });
});
