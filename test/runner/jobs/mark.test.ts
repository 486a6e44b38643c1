import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type MarkJob, manifestKey } from "../../../spec/index.ts";
import { catalogOf, makeWorld, pointIdentity, succeeded, type World } from "../world.ts";
import { everything, idOf, storeOf } from "./points.ts";
import { mark, pointsOf, prune, series } from "./series.ts";

describe.each([
  ["mark · versitygw", "s3"],
  ["mark · directory", "directory"],
] as const)("%s", (_title, kind) => {
  let world: World;

  beforeAll(async () => {
    world = await makeWorld({ repository: kind });
    await world.sql("app", "CREATE TABLE t AS SELECT n FROM generate_series(1, 100) n");
    await writeFile(path.join(world.files, "a"), "content");
  });
  afterAll(() => world?.close());

  const job = (own: World, what: MarkJob["mark"], point: string): MarkJob => ({
    kind: "mark",
    version: 1,
    repository: own.plan.repository,
    plan: own.plan.name,
    mark: what,
    point,
    by: "anna",
    reason: "audit of 2026",
  });

  test("says who and why, and changes nothing of the point itself", async () => {
    const { world: own, points } = await series(world, "told", []);
    const [id = ""] = points.map((point) => point.id);
    const before = await everything(storeOf(own));
    const { key } = succeeded(await own.run(job(own, "hold", id)), "mark");
    expect((await everything(storeOf(own))).filter((line) => !line.startsWith(key))).toEqual(before);
    const [point] = (await catalogOf(own)).points;
    expect(point?.marks).toMatchObject([{ kind: "hold", point: id, by: "anna", reason: "audit of 2026" }]);
  });

  test("a point that does not exist is refused, and nothing is written", async () => {
    const { world: own } = await series(world, "unknown", []);
    const before = await everything(storeOf(own));
    const result = await own.run(job(own, "hold", idOf(5)));
    expect(result).toMatchObject({ ok: false, error: { code: "unknown-point" } });
    expect(await everything(storeOf(own))).toEqual(before);
  });

  test("[core.2] hold keeps a point that no rule keeps; quarantine keeps one from being chosen and from being pruned", async () => {
    const { world: own, points } = await series(world, "kept", [1, 2, 3, 4]);
    const ids = points.map(({ id }) => id);
    const [newest = "", second = "", third = "", fourth = ""] = ids;
    await mark(own, fourth, "hold");
    await mark(own, newest, "quarantine");
    const { selected } = await catalogOf(own, own.plan, { point: "latest" });
    expect(selected?.point.id).toBe(second);
    await prune(own, { retention: { keepLast: 1, minimum: 1 } });
    expect(await pointsOf(own)).toEqual([newest, second, fourth]);
    expect(await pointIdentity(own, own.plan, newest)).toContain("AGE-SECRET-KEY-");
    expect(third).not.toBe("");
  });

  test("unexpire takes an expire back", async () => {
    const { world: own, points } = await series(world, "back", [1]);
    const id = points[1]?.id ?? "";
    const at = new Date(Date.now() - 60_000);
    const expire = { version: 1, kind: "expire", point: id, at: at.toISOString(), by: "prune", reason: "a rule" };
    await storeOf(own).put(`marks/${id}/${at.toISOString().replace(/[-:]/g, "")}-expire.json`, JSON.stringify(expire));
    const retention = { keepLast: 2, minimum: 1 };
    const keeps = async () =>
      (await prune(own, { retention, confirm: false })).decisions.find(({ point }) => point === id);
    expect(await keeps()).toMatchObject({ keep: false });
    succeeded(await own.run(job(own, "unexpire", id)), "mark");
    expect(await keeps()).toMatchObject({ keep: true });
  });

  if (kind === "s3")
    test("a point under a delete marker is still listed, and can be held", async () => {
      const { world: own, points } = await series(world, "hidden", []);
      const id = points[0]?.id ?? "";
      await storeOf(own).remove(manifestKey(id));
      succeeded(await own.run(job(own, "hold", id)), "mark");
      expect((await catalogOf(own)).points).toMatchObject([{ id, extraVersions: 1, marks: [{ kind: "hold" }] }]);
    });
});
