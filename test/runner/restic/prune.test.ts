import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPlanStore } from "../../../runner/jobs/plan-store.ts";
import { retireRemoved } from "../../../runner/restic/retire-removed.ts";
import { FILES, type Manifest, type Proof, type ResultOf, type Retention } from "../../../spec/index.ts";
import { testContext } from "../../support/test-context.ts";
import { waitFor } from "../../support/wait-for.ts";
import { startRunner } from "../run-runner.ts";
import { catalogOf, restoreWhole, succeeded, type World } from "../world.ts";
import { makeResticWorld, PASSWORD, proofOf, snapshotNow, snapshotOf, storedFile } from "./world.ts";

const failed = ({ checks }: Proof) => checks.filter(({ ok }) => !ok);

describe.each([
  ["snapshots that expire · directory", "directory"],
  ["snapshots that expire · versitygw", "s3"],
] as const)("%s", (_title, repository) => {
  let world: World;
  let points: Manifest[];

  beforeAll(async () => {
    world = await makeResticWorld({ repository });
    await writeFile(path.join(world.files, "always"), randomBytes(300_000));
    points = [];
    for (let index = 0; index < 4; index += 1) {
      await writeFile(path.join(world.files, "changing"), randomBytes(300_000));
      points.push((await snapshotNow(world)).manifest);
    }
  });
  afterAll(() => world?.close());

  const job = (retention: Partial<Retention>, confirm = true) =>
    ({
      kind: "prune",
      version: 1,
      repository: world.plan.repository,
      plan: world.plan.name,
      retention: { minimum: 1, ...retention } as Retention,
      schedule: { kind: "none" },
      confirm,
      leaseSeconds: 1,
    }) as const;

  const prune = async (retention: Partial<Retention>, more = {}): Promise<ResultOf<"prune">> =>
    succeeded(await world.run(job(retention), more), "prune");

  const stored = async (): Promise<string[]> => {
    const keys: string[] = [];
    for await (const { key } of openStore(world).list(`${FILES}snapshots/`)) keys.push(path.basename(key));
    return keys.sort();
  };

  const check = async () => {
    const { repository: at, name } = world.plan;
    const asked = { kind: "check", version: 1, repository: at, plan: name, schedule: { kind: "none" } } as const;
    return succeeded(await world.run(asked), "check");
  };

  test("a prune without confirm forgets nothing", async () => {
    succeeded(await world.run(job({ keepLast: 1 }, false)), "prune");
    expect(await stored()).toHaveLength(4);
  });

  test("without the password nothing is forgotten, and the warning says so", async () => {
    const { filesPassword: _, ...others } = world.plan.repository;
    const lonely = { ...job({ keepLast: 3 }), repository: others };
    const run = startRunner(lonely, world.secrets);
    const { result } = await run.ended;
    expect(result).toMatchObject({ ok: true, forgotten: 0 });
    expect(JSON.stringify(run.progress)).toContain("the password of its files was not given");
    expect(await stored()).toHaveLength(4);
  });

  test("expired points' snapshots go, with what only they needed; the kept ones read to their end", async () => {
    const { forgotten } = await prune({ keepLast: 2 });
    expect(forgotten).toBe(2);
    expect(await stored()).toEqual(
      points
        .slice(2)
        .map((point) => snapshotOf(point).id)
        .sort(),
    );
    for (const { id } of points.slice(2)) expect(failed(await proofOf(world, id))).toEqual([]);
    expect((await prune({ keepLast: 2 })).forgotten).toBe(0);
  });

  test("a snapshot that no manifest names is forgotten once it is old enough", async () => {
    const [oldest] = (await catalogOf(world)).points;
    const store = openStore(world);
    const named = snapshotOf(oldest?.manifest as Manifest).id;
    // As after a kill between snapshot and manifest.
    for await (const { key, versionId } of store.versions(`catalog/${oldest?.id}`)) await store.remove(key, versionId);
    await waitFor("the snapshot is nobody's", async () => ((await prune({ keepLast: 9 })).forgotten ?? 0) === 1, {
      seconds: 20,
      every: 500,
    });
    expect(await stored()).not.toContain(named);
    expect(await stored()).toHaveLength(1);
    expect((await check()).healthy).toBe(true);
  });

  test("a frozen plan forgets nothing", async () => {
    const { manifest } = await snapshotNow(world);
    await openStore(world).put(`catalog/${manifest.id.replace(/....$/, "beef")}.json`, "no manifest");
    const { frozen, forgotten } = await prune({ keepLast: 1 });
    expect(frozen.length).toBeGreaterThan(0);
    expect(forgotten).toBe(0);
    expect(await stored()).toHaveLength(2);
    const store = openStore(world);
    const key = `catalog/${manifest.id.replace(/....$/, "beef")}.json`;
    for await (const { versionId } of store.versions(key)) await store.remove(key, versionId);
  });

  test("a flipped bit in a pack is named", async () => {
    await writeFile(path.join(world.files, "changing"), randomBytes(300_000));
    const { manifest } = await snapshotNow(world);
    const pack = await newestPack(world);
    const whole = await readFile(pack);
    const body = Buffer.from(whole);
    body[150_000] = (body[150_000] ?? 0) ^ 1;
    await writeFile(pack, body);
    const [wrong, ...others] = failed(await proofOf(world, manifest.id));
    await writeFile(pack, whole);
    expect(others).toEqual([]);
    expect(wrong?.name).toBe(`files/snapshots/${snapshotOf(manifest).id}`);
    expect(wrong?.detail).toContain(`files/data/${path.basename(pack).slice(0, 2)}/${path.basename(pack)}`);
    expect(failed(await proofOf(world, manifest.id))).toEqual([]);
  });

  test("another password: a clear error, and nothing is published", async () => {
    const before = await catalogOf(world);
    const result = await world.run({ kind: "backup", version: 1, plan: world.plan }, { FILES_PASSWORD: "another" });
    expect(result).toMatchObject({ ok: false, error: { code: "wrong-key" } });
    expect(JSON.stringify(result)).not.toContain(PASSWORD);
    expect((await catalogOf(world)).points).toEqual(before.points);
  });

  test("a snapshot that is gone makes check unhealthy, and so does a repository that is gone", async () => {
    const [newest] = (await catalogOf(world)).points.slice(-1);
    const { id } = snapshotOf(newest?.manifest as Manifest);
    const store = openStore(world);
    await store.remove(`${FILES}snapshots/${id}`);
    const found = await check();
    expect(found.healthy).toBe(false);
    expect(found.checks.find(({ name }) => name === "files")?.detail).toContain(`the snapshot ${id.slice(0, 8)} of`);
    const [wrong] = failed(await proofOf(world, newest?.id ?? ""));
    expect(wrong?.detail).toContain("is not in");
    await store.remove(`${FILES}config`);
    expect((await check()).checks.find(({ name }) => name === "files")?.detail).toContain("no restic repository");
    const restored = restoreWhole(world, { request: { into: { directory: path.join(world.directory, "gone") } } });
    await expect(restored.then(({ record }) => record?.ok)).resolves.toBe(false);
  });

  test("what was removed long enough ago is let go of; what is there, and what was removed lately, stays", async () => {
    const store = openStore(world);
    const count = async () => {
      const found = { removed: 0, there: 0 };
      for await (const { deleteMarker, latest } of store.versions(FILES))
        if (!deleteMarker) found[latest ? "there" : "removed"] += 1;
      return found;
    };
    const before = await count();
    expect(await retireRemoved(testContext(), store)).toBe(0);
    expect(await count()).toEqual(before);
    expect(await retireRemoved(testContext(), store, -1)).toBe(before.removed);
    expect(await count()).toEqual({ removed: 0, there: before.there });
    if (repository === "s3") expect(before.removed).toBeGreaterThan(5);
  });
});

const openStore = (world: World) =>
  openPlanStore(
    testContext({ secret: (ref) => (ref.kind === "env" ? (world.secrets[ref.name] ?? "") : "") }),
    world.plan.repository,
    world.plan.name,
    "pruner",
  );

/** Of data: those of directories are smaller. */
const newestPack = async (world: World): Promise<string> => {
  const packs: { key: string; modified: Date }[] = [];
  for await (const { key, bytes, modified } of openStore(world).list(`${FILES}data/`))
    if (bytes > 200_000) packs.push({ key, modified });
  return storedFile(world, packs.toSorted((a, b) => b.modified.getTime() - a.modified.getTime())[0]?.key ?? "");
};
