import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { TIMESCALEDB_IMAGE } from "../../tools/docker/images.ts";
import { restoreWhole, succeeded, type World } from "../runner/world.ts";
import { skipBecause } from "../support/skip.ts";
import { type DockerWorld, makeDockerWorld } from "./support/world.ts";

/** 300 rows in 13 chunks, two of them compressed, and their daily means, kept by a policy. */
const SEED = [
  `CREATE TABLE samples (at timestamptz NOT NULL, device int NOT NULL, value double precision);
   SELECT create_hypertable('samples', 'at', chunk_time_interval => interval '1 day');
   INSERT INTO samples SELECT '2026-01-01Z'::timestamptz + n * interval '1 hour', n % 3, n FROM generate_series(0, 299) n;
   ALTER TABLE samples SET (timescaledb.compress, timescaledb.compress_segmentby = 'device');
   SELECT compress_chunk(chunk) FROM show_chunks('samples', older_than => '2026-01-03Z'::timestamptz) chunk`,
  `CREATE MATERIALIZED VIEW daily WITH (timescaledb.continuous) AS
   SELECT time_bucket('1 day', at) AS day, device, avg(value) AS mean FROM samples GROUP BY 1, 2`,
  "SELECT add_continuous_aggregate_policy('daily', NULL, interval '1 hour', interval '1 hour')",
];
const DAILY = "SELECT count(*), md5(string_agg(daily::text, ',' ORDER BY day, device)) FROM daily";

describe("TimescaleDB under its own licence · docker, timescaledb 2.19.3 on 17, versitygw", () => {
  let world: DockerWorld;
  let edition: string;
  const sql = (text: string, database = "postgres") => world.sql(database, text);

  beforeAll(async () => {
    world = await makeDockerWorld({ image: TIMESCALEDB_IMAGE, database: "postgres" });
    edition = await sql("SHOW timescaledb.license");
  });
  afterAll(() => world?.close());
  beforeEach((context) => {
    if (edition !== "timescale")
      skipBecause(context, `the server here has the ${edition} edition, as Debian's; the official image has the other`);
  });

  test("[colonies.13] continuous aggregates, their policies and compressed chunks come back, and go on", async () => {
    for (const text of SEED) await sql(text);
    const [database] = world.plan.sources;
    const plan = { ...world.plan, sources: database ? [database] : [] };
    const whole = { plan, run: world.run, operatorKey: world.operatorKey } satisfies Partial<World> as unknown as World;
    const { manifest } = succeeded(await world.run({ kind: "backup", version: 1, plan }), "backup");
    expect(manifest.sources).toMatchObject([
      { timescale: { license: "timescale", continuousAggregates: [{ schema: "public", view: "daily" }] } },
    ]);

    const { record } = await restoreWhole(whole, { request: { into: { database: "copy" } } });
    expect(record?.error).toBeUndefined();
    expect(record?.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(await sql(DAILY, "copy")).toBe(await sql(DAILY));
    expect(await sql("SELECT count(*) FROM samples", "copy")).toBe("300");
    const compressed = "SELECT count(*) FROM timescaledb_information.chunks WHERE is_compressed";
    expect(await sql(compressed, "copy")).toBe(await sql(compressed));
    expect(
      await sql("SELECT count(*) FROM timescaledb_information.jobs WHERE hypertable_name ~ 'materialized'", "copy"),
    ).toBe("1");

    await sql("INSERT INTO samples VALUES ('2026-02-01Z', 0, 7)", "copy");
    await sql("CALL refresh_continuous_aggregate('daily', '2026-01-31Z', '2026-02-03Z')", "copy");
    expect(await sql("SELECT mean FROM daily WHERE day = '2026-02-01Z'", "copy")).toBe("7");
  });
});
