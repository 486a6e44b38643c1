import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, plan as planSchema } from "../../../spec/index.ts";
import { putObject } from "../repository-objects.ts";
import { catalogOf, makeWorld, type World } from "../world.ts";
import { OLD_DUMP } from "./old-dump.ts";
import { bin, databases, prepareOld, restoreOld } from "./restore-old.ts";

const run = promisify(execFile);

const KEY = "backup/postgres-backup-20190410213318.sql";

const rolesOf = async (world: World) =>
  (await world.sql("postgres", "SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1")).rows.map(
    ({ rolname }) => rolname,
  );

describe.each(["s3", "directory"] as const)("what go-s3-backup stored in 2019 · postgres, %s", (repository) => {
  let world: World;
  beforeAll(async () => {
    world = await makeWorld({
      database: "topobank",
      repository,
      change: (plan) =>
        parse(
          planSchema,
          {
            ...plan,
            layout: { kind: "go-s3-backup" },
            sources: plan.sources
              .filter(({ kind }) => kind === "postgres")
              .map((source) => ({
                ...source,
                format: "sql",
                login: { user: "topobank_user", password: { kind: "env", name: "APP_PASSWORD" } },
                admin: { user: "postgres", password: { kind: "env", name: "PG_PASSWORD" } },
              })),
          },
          "plan",
        ),
    });
    Object.assign(world.secrets, { APP_PASSWORD: "it's a secret" });
    await world.sql("topobank", "CREATE TABLE live (a int); INSERT INTO live VALUES (1)");
    await putObject(world, KEY, OLD_DUMP);
    await putObject(world, "backup/notes.txt", "theirs");
  });
  afterAll(() => world.close());

  test("[topobank.2] it is listed, and restores by its key onto a cluster that has none of its roles; no key is asked for", async () => {
    const listed = await catalogOf(world, world.plan, { layout: { kind: "go-s3-backup", prefix: "backup/" } });
    expect(listed.old).toEqual([
      {
        key: KEY,
        kind: "postgres",
        format: "sql",
        time: "2019-04-10T21:33:18",
        safety: false,
        bytes: Buffer.byteLength(OLD_DUMP),
        pairs: [],
      },
    ]);
    const record = await restoreOld(world, { point: { object: KEY } });
    expect(record).toMatchObject({ ok: true, superseded: [expect.stringMatching(/^topobank_org_/)] });
    expect(record.checks).toEqual([
      {
        name: expect.stringContaining("rows of"),
        ok: true,
        detail: "3 rows in 1 tables; not compared: the old format has no manifest",
      },
    ]);
    const { rows } = await world.sql("topobank", "SELECT id, name FROM manager_topography ORDER BY 1");
    expect(rows[1]).toEqual({ id: 2, name: "with a tab\t, a line\nand a \\! backslash" });
    expect(record.notes.join("\n")).toMatch(/roles that are not here \(dsdjfjer84jf894jd9f, reporting\)/);
    expect(JSON.stringify(record)).not.toContain("secret");
  });

  test("the plan's role is made on a virgin cluster, with its password as a verifier, and left as it is afterwards", async () => {
    expect(await rolesOf(world)).toEqual(["postgres", "topobank_user"]);
    const password = async () =>
      (await world.sql("postgres", "SELECT rolpassword FROM pg_authid WHERE rolname = 'topobank_user'")).rows[0]
        .rolpassword;
    const first = await password();
    expect(first).toMatch(/^SCRAM-SHA-256\$4096:/);
    await restoreOld(world, { point: { object: KEY }, into: { database: "again" } });
    expect(await password()).toBe(first);
    const url = new URL(world.postgres.url("again"));
    url.username = "topobank_user";
    url.password = encodeURIComponent("it's a secret");
    const { stdout } = await run(bin("psql"), [
      "-XAtc",
      "SELECT current_user, count(*) FROM manager_topography",
      url.toString(),
    ]);
    expect(stdout.trim()).toBe("topobank_user|3");
  });

  test("without `unverified` it is refused before anything is looked at", async () => {
    const result = await prepareOld(world, { point: { object: KEY }, unverified: false });
    expect(result).toMatchObject({ ok: false, error: { fact: expect.stringContaining("unverified") } });
  });

  test.each([
    ["cut in the middle", OLD_DUMP.slice(0, OLD_DUMP.indexOf("topographies/user_2")), "corrupt"],
    [
      "cut before its last line",
      OLD_DUMP.slice(0, OLD_DUMP.indexOf("-- PostgreSQL database dump complete")),
      "corrupt",
    ],
    [
      "with a shell command",
      OLD_DUMP.replace("SET default_tablespace", "\\! touch /tmp/x\nSET default_tablespace"),
      "corrupt",
    ],
    ["of another database as well", OLD_DUMP.replace("GRANT SELECT", "\\connect other\nGRANT SELECT"), "corrupt"],
    ["packed", gzipSync(OLD_DUMP), "corrupt"],
    ["that psql does not take", OLD_DUMP.replace("1\tExample", "one\tExample"), "restore-failed"],
  ])("[topobank.11] one %s stops with nothing changed", async (_what, body, code) => {
    const key = "backup/postgres-backup-20190411213318.sql";
    await putObject(world, key, body);
    const before = [await databases(world), await rolesOf(world)];
    const result = await prepareOld(world, { point: { object: key } });
    const error = result.ok ? (result as { record?: { error?: unknown } }).record?.error : result.error;
    expect(error).toMatchObject({ code });
    expect([await databases(world), await rolesOf(world)]).toEqual(before);
  });
});
