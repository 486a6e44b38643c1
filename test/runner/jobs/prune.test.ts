import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isFlagged } from "../../../spec/index.ts";
import { waitFor } from "../../support/wait-for.ts";
import { backupOf, catalogOf, makeWorld, type World } from "../world.ts";
import { everything, idOf, keysBelow, storeOf } from "./points.ts";
import { mark, pointsOf, prune, series, withPlan, wrongWith } from "./series.ts";

const NINE_DAYS = [1, 2, 3, 4, 5, 6, 7, 8, 9];

describe.each([
  ["prune · postgres, versitygw", "s3"],
  ["prune · postgres, directory", "directory"],
] as const)("%s", (_title, kind) => {
  let world: World;

  beforeAll(async () => {
    world = await makeWorld({ repository: kind });
    await world.sql("app", "CREATE TABLE t AS SELECT n, md5(n::text) AS text FROM generate_series(1, 2000) n");
    for (const name of ["a", "b", "c", "d"]) await writeFile(path.join(world.files, name), name.repeat(1000));
  });
  afterAll(() => world.close());

  test("[core.2] of ten points a dry run changes nothing, and `confirm` removes every version of what the policy names, never the newest, a held or the newest proven one", async () => {
    const { world: own, points } = await series(world, "ten", NINE_DAYS);
    const ids = points.map(({ id }) => id);
    const [held, proven] = [ids[5] ?? "", ids[7] ?? ""];
    await mark(own, held, "hold");
    expect(await wrongWith(own, proven, true)).toEqual([]);
    const store = storeOf(own);
    const before = await everything(store);

    const dry = await prune(own, { confirm: false });
    expect(dry).toMatchObject({ acted: false, how: "dry-run", frozen: [] });
    expect(await everything(store)).toEqual(before);
    const kept = [ids[0], ids[1], held, proven];
    expect(dry.decisions.filter(({ keep }) => keep).map(({ point }) => point)).toEqual(kept);

    const wet = await prune(own);
    expect(wet).toMatchObject({ acted: true, how: "deleted", frozen: [], decisions: dry.decisions });
    expect(await pointsOf(own)).toEqual(kept);
    const gone = ids.filter((id) => !kept.includes(id));
    const left = await everything(store);
    expect(left.filter((line) => gone.some((id) => line.includes(id)))).toEqual([]);
    // What stays is byte for byte what it was.
    expect(left).toEqual(before.filter((line) => !gone.some((id) => line.includes(id))));
    expect(await wrongWith(own, held)).toEqual([]);

    expect(await prune(own)).toMatchObject({ acted: false, frozen: [] });
    expect(await everything(store)).toEqual(left);
  });

  test("[core.2] a point that only a calendar rule keeps stays, and nothing falls below the minimum", async () => {
    const daysSince = (date: string) => (Date.now() - Date.parse(date)) / 86_400_000;
    const dates = ["2024-03-20T01:00:00Z", "2024-03-10T01:00:00Z", "2024-02-05T01:00:00Z"].map(daysSince);
    const { world: own, points } = await series(world, "calendar", dates);
    await prune(own, { retention: { keepMonthly: 3, minimum: 1 } });
    expect(await pointsOf(own)).toEqual([points[0]?.id, points[1]?.id, points[3]?.id]);
    const minimum = await series(world, "minimum", [1, 2, 3]);
    await prune(minimum.world, { retention: { keepLast: 1, minimum: 3 } });
    expect(await pointsOf(minimum.world)).toEqual(minimum.points.slice(0, 3).map(({ id }) => id));
  });

  test("what killed backups left is removed, and only that", async () => {
    const { world: own, points } = await series(world, "leftovers", [1]);
    const store = storeOf(own);
    const before = await everything(store);
    const dead = idOf(3, 7);
    await store.put(`artifacts/${dead}/db.dump.zst.age`, "half of it");
    await store.put(`artifacts/${dead}/identity.age`, "key");
    await waitFor("the leftovers are old enough", async () => {
      await prune(own);
      return (await keysBelow(store, `artifacts/${dead}/`)).length === 0;
    });
    expect(await everything(store)).toEqual(before);
    expect(await pointsOf(own)).toEqual(points.map(({ id }) => id));
  });

  test("marks and proofs of a point that a killed prune has half removed go with the next one", async () => {
    const { world: own, points } = await series(world, "orphans", [1]);
    const [gone, store] = [points[1]?.id ?? "", storeOf(own)];
    await mark(own, gone, "hold");
    await wrongWith(own, gone, true);
    for await (const { key, versionId } of store.versions(`catalog/${gone}`)) await store.remove(key, versionId);
    for await (const { key, versionId } of store.versions(`artifacts/${gone}`)) await store.remove(key, versionId);
    expect(await keysBelow(store, `marks/${gone}`)).toHaveLength(1);
    await prune(own, { confirm: false });
    expect(await keysBelow(store, `marks/${gone}`)).toHaveLength(1);
    await prune(own);
    expect([...(await keysBelow(store, "marks/")), ...(await keysBelow(store, "proofs/"))]).toEqual([]);
  });

  test("[beyond.7] a new point that shrank is stored, flagged and freezes pruning, until somebody accepts it", async () => {
    const { world: own, points } = await series(world, "shrunk", [1, 2, 3]);
    await world.sql("app", "DELETE FROM t WHERE n > 100");
    for (const name of ["b", "c", "d"]) await rm(path.join(world.files, name));
    const small = await backupOf(own);
    expect(small.flags.map(({ fact }) => fact)).toEqual([
      expect.stringContaining("100 rows where the point before had 2000"),
      expect.stringContaining("stored bytes"),
      expect.stringContaining("1 files where the point before had 4"),
      expect.stringContaining("1000 bytes where the point before had 4000"),
    ]);
    expect(await wrongWith(own, small.id)).toEqual([]);
    const all = [small.id, ...points.map(({ id }) => id)];

    const frozen = await prune(own);
    expect(frozen.acted).toBe(false);
    expect(frozen.frozen).toEqual([expect.stringMatching(new RegExp(`${small.id} is flagged.*accept.*quarantine`))]);
    expect(await pointsOf(own)).toEqual(all);
    // A second small point seems normal beside the first one; the freeze stays.
    const next = await backupOf(own);
    expect(next.flags).toEqual([]);
    expect((await prune(own)).acted).toBe(false);

    await mark(own, small.id, "accept");
    expect((await catalogOf(own)).points.filter(isFlagged)).toEqual([]);
    expect(await prune(own)).toMatchObject({ acted: true, frozen: [] });
    expect(await pointsOf(own)).toEqual([next.id, small.id]);
  });

  test("[beyond.7] a point that is quarantined is not what the next one is compared with", async () => {
    const own = withPlan(world, "quarantined");
    await world.sql("app", "INSERT INTO t SELECT n, md5(n::text) FROM generate_series(101, 2000) n");
    const whole = await backupOf(own);
    await world.sql("app", "DELETE FROM t WHERE n > 100");
    const small = await backupOf(own);
    expect(small.flags).not.toEqual([]);
    await mark(own, small.id, "quarantine");
    const again = await backupOf(own);
    expect(again.previous).toBe(whole.id);
    expect(again.flags).not.toEqual([]);
  });

  test("two prunes at once both end well, and only what the policy names is gone", async () => {
    const { world: own, points } = await series(world, "twice", [1, 2, 3, 4, 5]);
    const results = await Promise.all([prune(own), prune(own)]);
    for (const { frozen } of results) expect(frozen).toEqual([]);
    const kept = points.slice(0, 2).map(({ id }) => id);
    expect(await pointsOf(own)).toEqual(kept);
    await prune(own); // a mark that one wrote after the other had removed the point
    const left = await everything(storeOf(own));
    expect(left.filter((line) => !kept.some((id) => line.includes(id)) && !line.startsWith("lease.json"))).toEqual([]);
  });
});
