import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, plan as planSchema, type Request } from "../../../spec/index.ts";
import { makeTempDir, removeTempDir } from "../../support/temp-dir.ts";
import { tools } from "../../support/tools.ts";
import { archiveDatabase } from "../../systems/chipster/database-archives.ts";
import { GpgHome } from "../../systems/chipster/file-archives.ts";
import { putObject, removeObject } from "../repository-objects.ts";
import { catalogOf, makeWorld, restoreJob, succeeded, type World } from "../world.ts";
import { inspectOld, keyringsGone } from "./restore-old.ts";

const run = promisify(execFile);

interface Archive {
  readonly key: string;
  readonly tarKey: string;
  readonly gpgPath: string;
}

describe("Chipster's own archives of databases · postgres, gpg, lz4", () => {
  let world: World;
  let gpg: GpgHome;
  let home: string;
  let privateKey: string;

  beforeAll(async () => {
    world = await makeWorld({
      database: "session_db_db",
      repository: "directory",
      change: (plan) =>
        parse(
          planSchema,
          { ...plan, layout: { kind: "chipster" }, sources: plan.sources.filter(({ kind }) => kind === "postgres") },
          "plan",
        ),
    });
    home = await makeTempDir("archives");
    gpg = await GpgHome.make();
    privateKey = await gpg.generate("chipster-backup");
    await world.sql(
      "session_db_db",
      "CREATE TABLE session AS SELECT n AS id, md5(n::text) AS name FROM generate_series(1, 300) n",
    );
  });
  afterAll(async () => {
    await gpg?.close();
    await world?.close();
    await removeTempDir(home);
  });

  /** Uploaded as Chipster's backup does it: the note of it last. */
  const archive = async (
    instant: string,
    { options = [], damage }: { options?: readonly string[]; damage?: (dump: Buffer) => Buffer } = {},
  ): Promise<Archive> => {
    const file = path.join(home, `${instant}.sql`);
    const url = world.postgres.url("session_db_db");
    await run(path.join(tools().postgresBin, "pg_dump"), [...options, `--file=${file}`, url]);
    const { tarKey, tar, gpgPath, infoKey, info } = await archiveDatabase(gpg, await readFile(file), instant, damage);
    await putObject(world, tarKey, tar);
    await putObject(world, infoKey, info);
    return { key: infoKey, tarKey, gpgPath };
  };

  const restored = async (key: string, database: string, identity = privateKey, more: Partial<Request> = {}) => {
    const request: Partial<Request> = { point: { object: key }, unverified: true, into: { database }, ...more };
    const job = restoreJob(world, "prepare", { request });
    const result = await world.run(job, { POINT_IDENTITY: identity });
    if (!result.ok) return { code: result.error.code, fact: result.error.fact };
    const { record } = succeeded(
      await world.run({ ...job, action: "finish" }, { POINT_IDENTITY: identity }),
      "restore",
    );
    return { code: record?.error?.code ?? "ok", fact: record?.error?.fact ?? "" };
  };

  test("[chipster.5] an archive is listed when its last object is there, and not before", async () => {
    const { key, tarKey } = await archive("2021-03-01T01:10:00.123Z");
    const { old = [] } = await catalogOf(world, world.plan, { layout: { kind: "chipster", prefix: "" } });
    expect(old).toMatchObject([{ key, kind: "postgres", encryption: "gpg", time: "2021-03-01T01:10:00" }]);
    expect(old[0]?.bytes).toBeGreaterThan(1000);
    await removeObject(world, key);
    const { old: without } = await catalogOf(world, world.plan, { layout: { kind: "chipster", prefix: "" } });
    expect(without).toEqual([]);
    expect(await restored(key, "killed")).toMatchObject({ code: "unknown-point" });
    await removeObject(world, tarKey);
  });

  test("[chipster.12] dumps with --clean and without load to the same rows", async () => {
    const plain = await archive("2021-03-02T01:10:00.123Z");
    const clean = await archive("2021-03-03T01:10:00.123Z", { options: ["--clean"] });
    expect(await restored(plain.key, "from_plain")).toMatchObject({ code: "ok" });
    expect(await restored(clean.key, "from_clean")).toMatchObject({ code: "ok" });
    const rows = (name: string) => world.sql(name, "SELECT count(*)::int AS n, min(name), max(name) FROM session");
    expect((await rows("from_plain")).rows).toEqual((await rows("session_db_db")).rows);
    expect((await rows("from_clean")).rows).toEqual((await rows("session_db_db")).rows);
    await keyringsGone();
  });

  test("one table of a dump with --clean: the others are gone, and one that it does not hold makes nothing", async () => {
    await world.sql("session_db_db", "CREATE TABLE job AS SELECT 1 AS n; CREATE VIEW jobs AS SELECT n FROM job");
    const { key } = await archive("2021-04-01T01:10:00.123Z", { options: ["--clean"] });
    const ask = (database: string, table: string) => restored(key, database, privateKey, { only: { tables: [table] } });
    expect(await ask("one_table", "session")).toMatchObject({ code: "ok" });
    const tables = "SELECT relname FROM pg_class WHERE relkind IN ('r', 'v') AND relnamespace = 'public'::regnamespace";
    expect((await world.sql("one_table", tables)).rows).toEqual([{ relname: "session" }]);
    expect((await world.sql("one_table", "SELECT count(*)::int AS n FROM session")).rows).toEqual([{ n: 300 }]);
    expect(await ask("no_table", "Session")).toMatchObject({ code: "not-in-point" });
    expect((await world.sql("postgres", "SELECT FROM pg_database WHERE datname = 'no_table'")).rowCount).toBe(0);
    await world.sql("session_db_db", "DROP VIEW jobs; DROP TABLE job");
    await keyringsGone();
  });

  test("[chipster.9] a bit that flipped in either layer is named with its file, and nothing is made", async () => {
    const outer = await archive("2021-03-04T01:10:00.123Z");
    const { location } = world.plan.repository;
    const file = path.join(location.kind === "directory" ? location.path : "", outer.tarKey);
    const body = await readFile(file);
    body.writeUInt8(body.readUInt8(900) ^ 1, 900);
    await writeFile(file, body);
    const first = await restored(outer.key, "outer");
    expect(first).toMatchObject({ code: "corrupt", fact: expect.stringContaining(outer.gpgPath) });
    expect(await inspectOld(world, outer.key, privateKey)).toMatchObject({
      healthy: false,
      checks: [{ name: outer.key, ok: false, detail: expect.stringContaining(outer.gpgPath) }],
    });

    // As if it had been damaged before it was encrypted: GPG itself finds nothing wrong with it.
    const inner = await archive("2021-03-05T01:10:00.123Z", {
      damage: (dump) => Buffer.from(dump.toString().replace(/^2\t/m, "3\t")),
    });
    const second = await restored(inner.key, "inner");
    expect(second).toMatchObject({ code: "corrupt", fact: expect.stringContaining(".sql in session-db") });
    expect(await inspectOld(world, inner.key, privateKey)).toMatchObject({
      healthy: false,
      checks: [{ ok: false, detail: expect.stringContaining(".sql in session-db") }],
    });
    const { rows } = await world.sql("postgres", "SELECT datname FROM pg_database WHERE datname IN ('outer', 'inner')");
    expect(rows).toEqual([]);
  });

  test("[chipster.4] without the private key nothing is opened", async () => {
    const { key } = await archive("2021-03-06T01:10:00.123Z");
    expect(await restored(key, "closed", "a passphrase that is none")).toMatchObject({ code: "wrong-key" });
    const other = await inspectOld(world, key, "a passphrase that is none");
    expect(other).toMatchObject({ ok: false, error: { code: "wrong-key" } });
    expect(await inspectOld(world, key)).toMatchObject({ ok: false, error: { code: "wrong-key" } });
    expect(await inspectOld(world, key, privateKey)).toMatchObject({
      healthy: true,
      checks: [
        { name: key, ok: true, detail: expect.stringMatching(/^a dump of PostgreSQL \d+\.\d+, \d+ bytes as SQL/) },
      ],
    });
  });
});
