import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, type TestContext, test } from "vitest";
import type { Plan } from "../../../spec/index.ts";
import { skipBecause } from "../../support/skip.ts";
import { mountSmall, unmount } from "../../support/small-disk.ts";
import { treeDigest } from "../../support/tree-digest.ts";
import { backupOf, makeWorld, pointIdentity, restoreJob, restoreWhole, succeeded, type World } from "../world.ts";

const MIB = 1024 * 1024;

describe("a restore of files onto a disk that is too small · postgres, directory, tmpfs", () => {
  let world: World;
  let disk: string;
  let small: string | undefined;
  let point: string;

  beforeAll(async () => {
    world = await makeWorld({ repository: "directory" });
    await world.sql("app", "CREATE TABLE t AS SELECT n FROM generate_series(1, 100) n");
    await writeFile(path.join(world.files, "large"), randomBytes(6 * MIB));
    await writeFile(path.join(world.files, "small"), "small");
    ({ id: point } = await backupOf(world));
    disk = path.join(world.directory, "disk");
    small = await mountSmall(disk, 8 * MIB);
  });
  afterAll(async () => {
    if (small) unmount(small);
    await world?.close();
  });

  /** The world where the files live on the small disk, which holds them but not a copy beside them. */
  const onSmallDisk = async (context: TestContext) => {
    if (!small) skipBecause(context, "mounting a tmpfs needs root and the right to mount");
    const live = path.join(small, "files");
    await mkdir(live, { recursive: true });
    await writeFile(path.join(live, "large"), Buffer.alloc(5 * MIB, "x"));
    const sources = world.plan.sources.map((source) =>
      source.kind === "files" ? { ...source, directory: live } : source,
    );
    return { live, plan: { ...world.plan, sources } };
  };

  const expectUntouched = async (live: string, before: readonly string[]) => {
    expect(await treeDigest(live)).toEqual(before);
    expect(await readdir(path.dirname(live))).toEqual(["files"]);
    expect((await world.sql("postgres", "SELECT datname FROM pg_database WHERE datname ~ '^app'")).rows).toEqual([
      { datname: "app" },
    ]);
  };

  test("onto itself: refused before anything is touched, the database beside it too", async (context) => {
    const { live, plan } = await onSmallDisk(context);
    const before = await treeDigest(live);
    const secrets = { POINT_IDENTITY: await pointIdentity(world, world.plan, point) };
    const result = await world.run(restoreJob(world, "prepare", { plan, request: { point } }), secrets);
    if (result.ok) throw new Error("it went through");
    expect(result.error.code).toBe("no-room");
    expect(result.error.fact).toContain(small);
    expect(result.error.fact).toMatch(/room for \d+ bytes.*needs \d+/);
    expect(result.error.hint).toContain("in place");
    await expectUntouched(live, before);
  });

  test("into another directory of it: refused as well", async (context) => {
    const { live, plan } = await onSmallDisk(context);
    const before = await treeDigest(live);
    const secrets = { POINT_IDENTITY: await pointIdentity(world, world.plan, point) };
    const into = { directory: path.join(path.dirname(live), "other") };
    const request = { point, into, sources: ["files"] };
    const result = await world.run(restoreJob(world, "prepare", { plan, request }), secrets);
    expect(result).toMatchObject({ ok: false, error: { code: "no-room" } });
    await expectUntouched(live, before);
  });

  test("one table and one small file fit all the same: the dump without a scratch copy, the file without room for all", async (context) => {
    const { live, plan } = await onSmallDisk(context);
    const ledger = path.join(path.dirname(live), "ledger");
    const there: Plan = { ...plan, target: { kind: "local", ledger } };
    const table = { point, into: { database: "one_table" }, only: { tables: ["t"] } };
    expect((await restoreWhole(world, { plan: there, request: table })).record).toMatchObject({ ok: true });
    expect((await world.sql("one_table", "SELECT count(*)::int AS n FROM t")).rows).toEqual([{ n: 100 }]);
    const request = { point, into: { inPlace: {} }, only: { paths: ["small"] } };
    expect((await restoreWhole(world, { plan: there, request })).record).toMatchObject({ ok: true });
    expect(await readFile(path.join(live, "small"), "utf8")).toBe("small");
  });

  test("with room it goes through: the same request onto a larger disk", async (context) => {
    const { live, plan } = await onSmallDisk(context);
    execFileSync("mount", ["-o", `remount,size=${32 * MIB}`, small ?? ""]);
    const { record } = await restoreWhole(world, { plan, request: { point, sources: ["files"] } });
    expect(record?.error).toBeUndefined();
    expect(await readFile(path.join(live, "large"))).toEqual(await readFile(path.join(world.files, "large")));
    expect(succeeded(await world.run({ kind: "ledger", version: 1, plan }), "ledger").restores.at(-1)?.step).toBe(
      "finished",
    );
  });
});
