import { rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { backupOf, catalogOf, makeWorld, pointIdentity, restoreJob, succeeded, type World } from "../world.ts";

describe("what a launcher asks first · postgres", () => {
  let world: World;
  let point: string;

  beforeAll(async () => {
    world = await makeWorld({ repository: "directory" });
    await world.sql("app", "CREATE TABLE t AS SELECT 1 AS n");
    await writeFile(path.join(world.files, "a"), "a");
    ({ id: point } = await backupOf(world));
  });
  afterAll(() => world.close());

  test("of a restore that nobody has begun: its point, with the key in its envelope; of another one only where it stands", async () => {
    const job = restoreJob(world, "open", {
      request: { point: "latest", into: { database: "elsewhere" }, sources: ["db"] },
    });
    const found = succeeded(await world.run(job), "restore");
    expect(found).toMatchObject({ step: "none", selected: { point: { id: point } } });
    const { selected } = await catalogOf(world, world.plan, { point });
    expect(found.selected).toEqual(selected);
    const { repository, name } = world.plan;
    const find = { repository, plan: name, point: "latest", unverified: false } as const;
    const asked = await world.run({ kind: "ledger", version: 1, plan: world.plan, find });
    expect(succeeded(asked, "ledger")).toMatchObject({ restores: [], selected });

    const secrets = { POINT_IDENTITY: await pointIdentity(world, world.plan, point) };
    for (const action of ["prepare", "finish"] as const)
      succeeded(await world.run({ ...job, action }, secrets), "restore");
    const { location } = world.plan.repository;
    if (location.kind !== "directory") throw new Error("not a directory");
    const away = path.join(path.dirname(location.path), "away");
    await rename(location.path, away);
    const ended = succeeded(await world.run(job).finally(() => rename(away, location.path)), "restore");
    expect(ended).toMatchObject({ step: "finished", record: { ok: true } });
    expect(ended.selected).toBeUndefined();
  });

  test("a point that is not there is said, and nothing is begun", async () => {
    const job = restoreJob(world, "open", { request: { point: "20200101T000000Z-0000" } });
    expect(await world.run(job)).toMatchObject({ ok: false, error: { code: "unknown-point" } });
    expect(succeeded(await world.run({ ...job, action: "state" }), "restore").step).toBe("none");
  });
});
