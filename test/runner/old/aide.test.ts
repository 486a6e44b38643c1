import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, plan as planSchema } from "../../../spec/index.ts";
import { treeDigest } from "../../support/tree-digest.ts";
import { putObject } from "../repository-objects.ts";
import { backupOf, catalogOf, makeWorld, restoreWhole, succeeded, type World } from "../world.ts";
import { bin, databases, inspectOld, prepareOld, restoreOld } from "./restore-old.ts";

const run = promisify(execFile);

/** tar by hand keeps whole seconds only. */
const withoutTimes = (lines: readonly string[]) => lines.map((line) => line.replace(/\| \d{19} \|/, "|"));

describe.each(["s3", "directory"] as const)("what AIDE's operators stored by hand · postgres, %s", (repository) => {
  let world: World;
  let before: unknown;
  beforeAll(async () => {
    world = await makeWorld({
      database: "ailabeltooldb",
      repository,
      change: (plan) =>
        parse(
          planSchema,
          {
            ...plan,
            layout: { kind: "aide", host: "tes2" },
            sources: plan.sources.flatMap((source): object[] => {
              if (source.kind === "files")
                return [
                  { ...source, name: "aide_images" },
                  { kind: "files", name: "envs", directory: `${source.directory}-envs` },
                ];
              const password = { kind: "env", name: "APP_PASSWORD" };
              const { login: admin } = source as { login?: object };
              return [{ ...source, login: { user: "ailabeluser", password }, admin }];
            }),
          },
          "plan",
        ),
    });
    Object.assign(world.secrets, { APP_PASSWORD: "pass word" });
    await world.sql(
      "ailabeltooldb",
      `CREATE ROLE ailabeluser LOGIN; CREATE EXTENSION "uuid-ossp"; CREATE SCHEMA aide_admin AUTHORIZATION ailabeluser; CREATE TABLE aide_admin.project (shortname text); ALTER TABLE aide_admin.project OWNER TO ailabeluser; INSERT INTO aide_admin.project SELECT 'p' || n FROM generate_series(1, 300) n`,
    );
    await mkdir(path.join(world.files, "birds"));
    await mkdir(`${world.files}-envs`);
    await writeFile(`${world.files}-envs/.env`, "x");
    await writeFile(path.join(world.files, "birds", "a.png"), Buffer.alloc(40_000, 1));
    before = withoutTimes(await treeDigest(world.files));
    const dump = path.join(world.directory, "by-hand.dump");
    await run(bin("pg_dump"), ["-Fc", "-f", dump, "-d", world.postgres.url("ailabeltooldb")]);
    await run("tar", ["-cf", path.join(world.directory, "by-hand.tar"), "-C", world.files, "."]);
    await putObject(world, "vbox-ailabeltooldb-20220803T084827.dump", await readFile(dump));
    await putObject(
      world,
      "vbox-aide_images-20220803T084827.tar",
      await readFile(path.join(world.directory, "by-hand.tar")),
    );
    await putObject(world, "tes2-ailabeltooldb-20220801T190000-org.dump", (await readFile(dump)).subarray(0, -2_000));
  });
  afterAll(() => world.close());

  test("dump and images of one host and time are shown as a pair, and a safety copy as one", async () => {
    const { old = [] } = await catalogOf(world, world.plan, { layout: { kind: "aide" } });
    expect(old.map(({ key, host, time, safety, pairs }) => [key, host, time, safety, pairs])).toEqual([
      ["tes2-ailabeltooldb-20220801T190000-org.dump", "tes2", "2022-08-01T19:00:00", true, []],
      [
        "vbox-aide_images-20220803T084827.tar",
        "vbox",
        "2022-08-03T08:48:27",
        false,
        ["vbox-ailabeltooldb-20220803T084827.dump"],
      ],
      [
        "vbox-ailabeltooldb-20220803T084827.dump",
        "vbox",
        "2022-08-03T08:48:27",
        false,
        ["vbox-aide_images-20220803T084827.tar"],
      ],
    ]);
  });

  test("reading it says whether it is whole and what is in it, with what the same run stored beside it", async () => {
    const pair = succeeded(await inspectOld(world, "vbox-aide_images-20220803T084827.tar"), "inspect");
    expect(pair).toMatchObject({
      healthy: true,
      checks: [
        { name: "vbox-aide_images-20220803T084827.tar", ok: true, detail: "regular files: 1, with 40000 bytes" },
        { name: "vbox-ailabeltooldb-20220803T084827.dump", detail: expect.stringMatching(/roles ailabeluser/) },
      ],
    });
    expect(pair.bytes).toBeGreaterThan(40_000);
    const cut = succeeded(await inspectOld(world, "tes2-ailabeltooldb-20220801T190000-org.dump"), "inspect");
    expect(cut).toMatchObject({
      healthy: false,
      checks: [{ ok: false, detail: expect.stringContaining("not whole") }],
    });
    const missing = await inspectOld(world, "tes2-ailabeltooldb-20230801T190000.dump");
    expect(missing).toMatchObject({ ok: false, error: { code: "unknown-point" } });
  });

  test("[aide.9] another host's dump and its images restore together by the dump's key", async () => {
    await world.sql("ailabeltooldb", "DELETE FROM aide_admin.project");
    await writeFile(path.join(world.files, "birds", "new.png"), "x");
    const record = await restoreOld(world, { point: { object: "vbox-ailabeltooldb-20220803T084827.dump" } });
    expect(record).toMatchObject({ ok: true });
    expect(record.superseded).toHaveLength(2);
    expect((await world.sql("ailabeltooldb", "SELECT count(*)::int FROM aide_admin.project")).rows).toEqual([
      { count: 300 },
    ]);
    expect(withoutTimes(await treeDigest(world.files))).toEqual(before);
  });

  test("[aide.7] on a virgin cluster too: database, role with its password, extension and grants are made", async () => {
    for (const name of (await databases(world)).filter((each) => each.startsWith("ailabel")))
      await world.sql("postgres", `DROP DATABASE "${name}" WITH (FORCE)`);
    await world.sql("postgres", "DROP ROLE ailabeluser");
    const record = await restoreOld(world, {
      point: { object: "vbox-ailabeltooldb-20220803T084827.dump" },
      sources: ["db"],
    });
    expect(record).toMatchObject({ ok: true, superseded: [] });
    const url = new URL(world.postgres.url("ailabeltooldb"));
    url.username = "ailabeluser";
    url.password = encodeURIComponent("pass word");
    const { stdout } = await run(bin("psql"), [
      "-XAtc",
      "SELECT count(*), uuid_generate_v4() IS NOT NULL FROM aide_admin.project",
      url.toString(),
    ]);
    expect(stdout.trim()).toBe("300|t");
    expect(
      (await restoreOld(world, { point: { object: "vbox-ailabeltooldb-20220803T084827.dump" }, sources: ["db"] })).ok,
    ).toBe(true);
  });

  test("one that was cut stops with nothing changed", async () => {
    const was = await databases(world);
    const result = await prepareOld(world, { point: { object: "tes2-ailabeltooldb-20220801T190000-org.dump" } });
    expect(result).toMatchObject({ ok: false, error: { code: "corrupt" } });
    expect(await databases(world)).toEqual(was);
  });

  test("[aide.7] a point of ours on a virgin cluster gives the role that it makes the plan's password, not the dumped one", async () => {
    await backupOf(world);
    for (const name of (await databases(world)).filter((each) => each.startsWith("ailabel")))
      await world.sql("postgres", `DROP DATABASE "${name}" WITH (FORCE)`);
    await world.sql("postgres", "DROP ROLE ailabeluser");
    Object.assign(world.secrets, { APP_PASSWORD: "another" });
    const { record } = await restoreWhole(world, { request: { sources: ["db"] } });
    expect(record).toMatchObject({ ok: true });
    const url = new URL(world.postgres.url("ailabeltooldb"));
    url.username = "ailabeluser";
    url.password = "another";
    expect((await run(bin("psql"), ["-XAtc", "SELECT 1", url.toString()])).stdout.trim()).toBe("1");
  });
});
