import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Artifact, type Manifest, manifestKey, type Schedule } from "../../../spec/index.ts";
import { backupOf, catalogOf, makeWorld, pointIdentity, restoreWhole, succeeded, type World } from "../world.ts";
import { copyPoint, idOf, storeOf } from "./points.ts";
import { mark, pointsOf, series, withPlan, wrongWith } from "./series.ts";

const HOURLY: Schedule = { kind: "cron", cron: "@hourly", timeZone: "Europe/London" };
const DAILY: Schedule = { kind: "cron", cron: "@daily", timeZone: "Europe/London" };

describe.each([
  ["check · postgres, versitygw", "s3"],
  ["check · postgres, directory", "directory"],
] as const)("%s", (_title, kind) => {
  let world: World;
  let good: Manifest;

  beforeAll(async () => {
    world = await makeWorld({ repository: kind });
    await world.sql("app", "CREATE TABLE t AS SELECT n FROM generate_series(1, 1000) n");
    await writeFile(path.join(world.files, "a"), "content");
    good = await backupOf(world);
  });
  afterAll(() => world?.close());

  const check = async (own: World, schedule: Schedule = DAILY) =>
    succeeded(
      await own.run({ kind: "check", version: 1, repository: own.plan.repository, plan: own.plan.name, schedule }),
      "check",
    );
  const failing = ({ checks }: Awaited<ReturnType<typeof check>>) =>
    Object.fromEntries(checks.filter(({ ok }) => !ok).map(({ name, detail }) => [name, detail]));

  /** A plan of its own whose only point was begun so many hours ago. */
  const aged = async (name: string, hours: number): Promise<{ own: World; id: string }> => {
    const own = withPlan(world, name);
    const manifest = await backupOf(own);
    const id = idOf(hours / 24);
    const store = storeOf(own);
    await copyPoint(own, manifest, id);
    for await (const { key, versionId } of store.versions(manifestKey(manifest.id))) await store.remove(key, versionId);
    return { own, id };
  };

  test("a plan without any point is not healthy, and one with a new point is", async () => {
    expect(failing(await check(withPlan(world, "empty")))).toEqual({ fresh: expect.stringContaining("take a backup") });
    const { healthy, newest, ageSeconds, checks } = await check(world);
    expect({ healthy, newest }).toEqual({ healthy: true, newest: good.id });
    expect(ageSeconds).toBeGreaterThanOrEqual(0);
    expect(checks.find(({ name }) => name === "proofs")?.detail).toContain("no point is proven yet");
  });

  test("the limit follows the schedule: three hours are stale for an hourly plan, fresh for a daily one", async () => {
    const { own, id } = await aged("aged", 3);
    const stale = await check(own, HOURLY);
    expect(stale).toMatchObject({ healthy: false, newest: id });
    expect(failing(stale).fresh).toMatch(/3 hours old, and the schedule allows 2 hours/);
    expect((await check(own, DAILY)).healthy).toBe(true);
    expect((await check(own, { kind: "none" })).healthy).toBe(true);
  });

  test("an unsigned point is named, and does not count as the newest", async () => {
    const { world: own, points } = await series(world, "unsigned", [1]);
    const [newest] = points;
    const store = storeOf(own);
    const { manifest } = JSON.parse((await store.get(manifestKey(newest?.id ?? "")))?.body.toString() ?? "");
    for await (const { key, versionId } of store.versions(manifestKey(manifest.id))) await store.remove(key, versionId);
    await store.put(manifestKey(manifest.id), JSON.stringify({ manifest }));
    const result = await check(own);
    expect(result.newest).toBe(points[1]?.id);
    expect(failing(result)).toEqual({ signatures: expect.stringContaining(`${manifest.id} has the signature 'none'`) });
  });

  test("[beyond.7] a flagged point is named until it is accepted", async () => {
    const own = withPlan(world, "flagged");
    await backupOf(own);
    await world.sql("app", "DELETE FROM t WHERE n > 10");
    const { id } = await backupOf(own);
    await world.sql("app", "INSERT INTO t SELECT n FROM generate_series(11, 1000) n");
    expect(failing(await check(own))).toEqual({ flags: expect.stringContaining(`${id}: source 'db' has 10 rows`) });
    await mark(own, id, "accept");
    expect((await check(own)).healthy).toBe(true);
  });

  test("a point that failed its last verify is named", async () => {
    const { world: own, points } = await series(world, "failed", [1]);
    const [, older] = points;
    expect(await wrongWith(own, older?.id ?? "", true)).toEqual([]);
    expect((await check(own)).checks.find(({ name }) => name === "proofs")?.detail).toContain(
      `${older?.id} is the newest proven point`,
    );
    await storeOf(own).remove(older?.identity.key ?? "", older?.identity.versionId);
    const identity = await pointIdentity(own, own.plan, points[0]?.id ?? "");
    const job = { kind: "verify", version: 1, repository: own.plan.repository, plan: own.plan.name } as const;
    const proven = { ...job, point: older?.id ?? "", identity: { kind: "env", name: "POINT_IDENTITY" }, record: true };
    succeeded(await own.run(proven as never, { POINT_IDENTITY: identity }), "verify");
    expect(failing(await check(own))).toEqual({ proofs: expect.stringContaining(`${older?.id} failed`) });
  });

  test("an artifact that is gone, or that another one covers, is named until its point is quarantined", async () => {
    const { world: own, points } = await series(world, "gone", [1]);
    const [[over], [gone]] = points.map(({ sources }) => sources.flatMap(({ artifacts }) => artifacts)) as [
      Artifact[],
      Artifact[],
    ];
    const store = storeOf(own);
    await store.remove(gone?.key ?? "", gone?.versionId);
    if (over?.versionId === undefined) await store.remove(over?.key ?? "");
    await store.put(over?.key ?? "", "short");
    const { artifacts, ...others } = failing(await check(own));
    expect(others).toEqual({});
    expect(artifacts).toContain(`${gone?.key} is missing`);
    expect(artifacts).toContain(`${over?.key} was written over`);
    await mark(own, points[0]?.id ?? "", "quarantine");
    expect(failing(await check(own)).artifacts).not.toContain(over?.key);
  });

  test("something else in the catalog is named, and hides no point", async () => {
    const own = withPlan(world, "rubbish");
    const { id } = await backupOf(own);
    await storeOf(own).put("catalog/readme.txt", "hello");
    await storeOf(own).put(manifestKey(idOf(1)), "not JSON");
    const result = await check(own);
    expect(result.newest).toBe(id);
    expect(failing(result).manifests).toMatch(/not JSON.*readme|readme.*not a recovery point|not JSON/s);
  });

  test("a point of the future stops backups and is named, until somebody quarantines it; a forged one stops nothing", async () => {
    const own = withPlan(world, "future");
    const manifest = await backupOf(own);
    const forged = idOf(-20);
    await storeOf(own).put(manifestKey(forged), JSON.stringify({ manifest: { ...manifest, id: forged } }));
    expect((await backupOf(own)).previous).toBe(manifest.id);

    const id = idOf(-10);
    await copyPoint(own, manifest, id);
    const refused = await own.run({ kind: "backup", version: 1, plan: own.plan });
    expect(refused).toMatchObject({ ok: false, error: { code: "clock-wrong", fact: expect.stringContaining(id) } });
    expect(failing(await check(own)).clock).toContain(`${id} was begun in the future`);
    for (const point of [id, forged]) await mark(own, point, "quarantine");
    await backupOf(own);
    expect((await check(own)).healthy).toBe(true);
  });

  if (kind === "s3")
    test("a manifest that was written over alarms, and the first version still restores", async () => {
      const { world: own, points } = await series(world, "overwritten", []);
      const [manifest] = points;
      const id = manifest?.id ?? "";
      const { body } = (await storeOf(own).get(manifestKey(id))) ?? { body: Buffer.alloc(0) };
      const changed = JSON.parse(body.toString());
      changed.manifest.sources[0].rows = 7;
      await storeOf(own).put(manifestKey(id), JSON.stringify(changed));
      await storeOf(own).remove(manifestKey(id)); // and a delete marker over both
      expect(failing(await check(own)).overwritten).toContain(`${id} has 2 more version(s)`);
      expect(await pointsOf(own)).toEqual([id]);
      expect((await catalogOf(own)).points[0]).toMatchObject({ signature: "valid", extraVersions: 2 });
      const { record } = await restoreWhole(own, {
        request: {
          point: id,
          into: { database: "from_overwritten" },
          sources: ["db"],
          confirm: "backups/test-prod/overwritten",
        },
      });
      expect(record).toMatchObject({ ok: true });
      expect((await world.sql("from_overwritten", "SELECT count(*)::int AS n FROM t")).rows).toEqual([{ n: 1000 }]);
    });
});
