import { createHash } from "node:crypto";
import { zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readCopies } from "../../../runner/objects/copy-list.ts";
import { artifactKey, type Check, COPIES, type Manifest, manifestKey, type StoredCopy } from "../../../spec/index.ts";
import { testContext } from "../../support/test-context.ts";
import { copyPoint, idOf, keysBelow, storeOf } from "../jobs/points.ts";
import { startRunner } from "../run-runner.ts";
import { backupOf, pointIdentity, restoreWhole, succeeded } from "../world.ts";
import { type MediaWorld, makeMediaWorld } from "./world.ts";

const mediaOf = ({ sources }: Manifest) => {
  const entry = sources.find(({ kind }) => kind === "objects");
  if (entry?.kind !== "objects") throw new Error("the point has no objects");
  return entry;
};

const copiesOf = async (world: MediaWorld, manifest: Manifest): Promise<StoredCopy[]> => {
  const { copies } = mediaOf(manifest);
  if (!copies) throw new Error("nothing was copied");
  const found: StoredCopy[] = [];
  for await (const copy of readCopies(testContext(), storeOf(world), copies)) found.push(copy);
  return found;
};

/** The same point as if it had been taken so many days ago: its copies, which carry its id, as well. */
async function aged(world: MediaWorld, manifest: Manifest, days: number, random: number): Promise<Manifest> {
  const store = storeOf(world);
  const id = idOf(days, random);
  const old = await copyPoint(world, manifest, id, async (copy) => {
    const lines: StoredCopy[] = [];
    for (const each of await copiesOf(world, manifest)) {
      const stored = each.stored.replace(manifest.id, id);
      const body = (await store.get(each.stored, each.versionId))?.body ?? Buffer.alloc(0);
      const { versionId } = stored === each.stored ? { versionId: each.versionId } : await store.put(stored, body);
      const { versionId: _, ...rest } = each;
      lines.push({ ...rest, stored, ...(versionId === undefined ? {} : { versionId }) });
    }
    const body = zstdCompressSync(Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join("")));
    const key = artifactKey(id, "media.copies.ndjson.zst");
    const { versionId } = await store.put(key, body);
    const copies = {
      key,
      ...(versionId === undefined ? {} : { versionId }),
      bytes: body.length,
      sha256: createHash("sha256").update(body).digest("hex"),
      compression: "zstd" as const,
    };
    return { ...copy, sources: copy.sources.map((entry) => (entry.kind === "objects" ? { ...entry, copies } : entry)) };
  });
  for (const below of [manifestKey(manifest.id), `artifacts/${manifest.id}/`, `${COPIES}media/`]) {
    for await (const { key, versionId } of store.versions(below))
      if (key.includes(manifest.id)) await store.remove(key, versionId);
  }
  return old;
}

const prune = (world: MediaWorld, keepLast: number, confirm = true) =>
  world.run({
    kind: "prune",
    version: 1,
    repository: world.plan.repository,
    plan: world.plan.name,
    retention: { keepLast, minimum: 1 },
    schedule: { kind: "none" },
    confirm,
    leaseSeconds: 5,
  });

const scope = (world: MediaWorld) =>
  ({ version: 1, repository: world.plan.repository, plan: world.plan.name }) as const;

const verify = async (world: MediaWorld, point: string, identity?: string) =>
  succeeded(
    await world.run(
      {
        kind: "verify",
        ...scope(world),
        point,
        record: false,
        ...(identity ? { identity: { kind: "env", name: "KEY" } } : {}),
      },
      identity ? { KEY: identity } : {},
    ),
    "verify",
  ).proof;

const check = async (world: MediaWorld): Promise<readonly Check[]> =>
  succeeded(await world.run({ kind: "check", ...scope(world), schedule: { kind: "none" } }), "check").checks;

describe.each(["s3", "directory"] as const)("copies of media in the repository · %s", (repository) => {
  let world: MediaWorld;

  beforeAll(async () => {
    world = await makeMediaWorld({ repository });
    for (let n = 0; n < 40; n += 1) await world.put(`media/${n}`, `object ${n}`);
  });
  afterAll(() => world.close());

  test("a killed run publishes nothing, and the next one takes up what it has copied", async () => {
    const run = startRunner({ kind: "backup", version: 1, plan: world.plan }, world.secrets);
    const store = storeOf(world);
    await expect
      .poll(async () => (await keysBelow(store, COPIES)).length, { timeout: 30_000, interval: 5 })
      .toBeGreaterThan(3);
    run.kill("SIGKILL");
    await run.ended;
    if ((await keysBelow(store, "catalog/")).length > 0) return; // it was faster than the kill
    const left = (await keysBelow(store, COPIES)).length;
    const { copied, counts } = mediaOf(await backupOf(world));
    expect(counts.objects).toBe(40);
    expect(copied.objects).toBeLessThanOrEqual(40 - left);
  });

  test("verify reads every copy by its digest, with and without the key; check misses what is gone", async () => {
    const manifest = await backupOf(world);
    const identity = await pointIdentity(world, world.plan, manifest.id);
    for (const proof of [await verify(world, manifest.id), await verify(world, manifest.id, identity)]) {
      expect(proof.ok).toBe(true);
      expect(proof.checks.find(({ name }) => name === "copies of media")?.detail).toMatch(/^40 objects of .* read/);
    }
    expect((await check(world)).find(({ name }) => name === "copies")?.ok).toBe(true);
    const [copy] = await copiesOf(world, manifest);
    if (!copy) throw new Error("no copy");
    const store = storeOf(world);
    const body = (await store.get(copy.stored, copy.versionId))?.body ?? Buffer.alloc(0);
    await store.remove(copy.stored, copy.versionId);
    const gone = await verify(world, manifest.id);
    expect(gone.checks.find(({ name }) => name === "copies of media")).toMatchObject({ ok: false });
    expect((await check(world)).find(({ name }) => name === "copies")).toMatchObject({
      ok: false,
      detail: expect.stringContaining(`misses 1 copies: ${copy.stored}`),
    });
    // The next backup copies it again, under a key of its own.
    expect(mediaOf(await backupOf(world)).copied.objects).toBe(1);
    await store.put(copy.stored, body);
  });

  test("a copy with other bytes stops a restore before anything is touched", async () => {
    const manifest = await backupOf(world);
    const store = storeOf(world);
    const changed = (await copiesOf(world, manifest))[1];
    if (!changed) throw new Error("no copy");
    const body = (await store.get(changed.stored, changed.versionId))?.body ?? Buffer.alloc(0);
    await store.remove(changed.stored, changed.versionId);
    await store.put(changed.stored, Buffer.from("x".repeat(body.length)));
    for (let n = 0; n < 40; n += 1) await world.remove(`media/${n}`);
    await world.put("media/live", "live");
    const before = await world.contents();
    const { record } = await restoreWhole(world, { request: { point: manifest.id } });
    expect(record).toMatchObject({ ok: false, error: { code: "corrupt" }, downtimeSeconds: 0 });
    expect(await world.contents()).toEqual(before);
    await store.remove(changed.stored);
    await store.put(changed.stored, body);
    for (let n = 0; n < 40; n += 1) await world.put(`media/${n}`, `object ${n}`);
    await world.remove("media/live");
  });

  test("prune takes the copies that no kept point names, and never one that a kept point names", async () => {
    const store = storeOf(world);
    await world.put("media/only-old", "named by the oldest point only");
    const oldest = await aged(world, await backupOf(world), 30, 1);
    await world.remove("media/only-old");
    await world.put("media/both", "named by two points");
    const middle = await aged(world, await backupOf(world), 20, 2);
    const newest = await backupOf(world);
    const isThere = async (copy: StoredCopy) => (await store.size(copy.stored)) !== undefined;
    const copies = [...(await copiesOf(world, middle)), ...(await copiesOf(world, newest))];
    const own = (await copiesOf(world, oldest)).filter(
      ({ stored }) => !copies.some((other) => other.stored === stored),
    );
    expect(own.length).toBeGreaterThan(0);
    const points = (await keysBelow(store, "catalog/")).length;
    if (repository === "directory") {
      // A list that cannot be read: nobody knows what it names, so nothing goes. (A versioned store would give it another version.)
      const { copies: list } = mediaOf(middle);
      const content = (await store.get(list?.key ?? ""))?.body ?? Buffer.alloc(0);
      await store.remove(list?.key ?? "");
      succeeded(await prune(world, points), "prune");
      for (const copy of own) expect(await isThere(copy)).toBe(true);
      await store.put(list?.key ?? "", content);
    }
    const { decisions } = succeeded(await prune(world, points - 1), "prune");
    expect(decisions.filter(({ keep }) => !keep).map(({ point }) => point)).toEqual([oldest.id]);
    for (const copy of copies) expect(await isThere(copy)).toBe(true);
    for (const copy of own) expect(await isThere(copy)).toBe(false);
    expect((await verify(world, middle.id)).ok).toBe(true);
    expect((await verify(world, newest.id)).ok).toBe(true);
  });
});

test("a repository in the bucket of its own media is refused by name, before anything is touched", async () => {
  const world = await makeMediaWorld();
  try {
    const { location } = world.plan.repository;
    if (location.kind !== "s3") throw new Error("expected a bucket");
    const plan = {
      ...world.plan,
      repository: { ...world.plan.repository, location: { ...location, bucket: "media-bucket" } },
    };
    const result = await world.run({ kind: "backup", version: 1, plan });
    expect(result).toMatchObject({ ok: false, error: { code: "bad-spec" } });
    expect(result.ok ? "" : result.error.fact).toMatch(/the repository lies in 'media-bucket' too.*source 'media'/);
    expect(await world.contents()).toEqual([]);
  } finally {
    await world.close();
  }
});
