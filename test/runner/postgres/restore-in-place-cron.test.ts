import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { checkTarget } from "../../../runner/postgres/check-target.ts";
import { compareCounts } from "../../../runner/postgres/compare-counts.ts";
import { inspectTarget } from "../../../runner/postgres/inspect-target.ts";
import { neutralise } from "../../../runner/postgres/neutralise.ts";
import { liveProperties, replayProperties } from "../../../runner/postgres/replay-properties.ts";
import { restoreInPlace } from "../../../runner/postgres/restore-in-place.ts";
import { startPostgres } from "../../support/postgres-server.ts";
import { skipBecause } from "../../support/skip.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { tools } from "../../support/tools.ts";
import { dumpTo, makeWorld, small, sourceOn, value } from "./world.ts";

it("pg_cron's database is refused a swap, and restored in place with its jobs off", async (context) => {
  const library = tools().postgresBin.replace(/bin$/, "lib/pg_cron.so");
  if (!existsSync(library)) skipBecause(context, `pg_cron is not installed: no ${library}`);
  const server = await startPostgres({
    settings: { shared_preload_libraries: "pg_cron", "cron.database_name": "live" },
  });
  try {
    const world = makeWorld({ postgres: server.password });
    await small(server, "live", "CREATE EXTENSION pg_cron", "SELECT cron.schedule('j', '5 4 * * *', 'SELECT 1')");
    const source = sourceOn(server, "live");
    const made = await dumpTo(world, source, await tempDir());
    const facts = await inspectTarget(world.context, source);
    expect(checkTarget(made.entry, facts, "replace").map(({ code }) => code)).toEqual(["cannot-swap", "cannot-swap"]);
    expect(checkTarget(made.entry, facts, "inPlace")).toEqual([]);

    const properties = await liveProperties(world.context, source, "live");
    await restoreInPlace(world.context, source, { ...made, target: facts, database: "live" });
    const notes = await neutralise(world.context, source, "live");
    await replayProperties(world.context, source, "live", properties);
    expect(notes).toEqual(["neutralised: 1 pg_cron jobs are inactive"]);
    expect(await value(server, "live", "SELECT active FROM cron.job")).toBe(false);
    const checks = await compareCounts(world.context, source, "live", made.entry);
    expect(checks.every(({ ok }) => ok)).toBe(true);
  } finally {
    await server.stop();
  }
});
