import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { backupOf, catalogOf, makeWorld, s3Location, signingKeys, type World } from "../world.ts";
import { everything, storeOf } from "./points.ts";
import { series, withPlan } from "./series.ts";

describe.each([
  ["catalog · versitygw", "s3"],
  ["catalog · directory", "directory"],
] as const)("%s", (_title, kind) => {
  let world: World;
  let ids: readonly string[];

  beforeAll(async () => {
    world = await makeWorld({ repository: kind });
    await world.sql("app", "CREATE TABLE t AS SELECT n FROM generate_series(1, 100) n");
    await writeFile(path.join(world.files, "a"), "content");
    ids = (await series(world, "app", [1, 2])).points.map(({ id }) => id).reverse();
  });
  afterAll(() => world?.close());

  const ask = (own: World, more: object = {}, secrets: Record<string, string> = {}) =>
    own.run(
      { kind: "catalog", version: 1, repository: own.plan.repository, plan: own.plan.name, unverified: false, ...more },
      secrets,
    );

  test("[core.12] lists the points oldest first, with nothing but the repository, and writes nothing", async () => {
    const store = storeOf(world);
    const before = await everything(store);
    const { points, unreadable, selected } = await catalogOf(world);
    expect(points.map(({ id }) => id)).toEqual(ids);
    expect({ unreadable, selected }).toEqual({ unreadable: [], selected: undefined });
    expect(await everything(store)).toEqual(before);
  });

  test("latest, an id and a time select a point and hand out its key in its envelope", async () => {
    const [oldest = "", middle = "", newest = ""] = ids;
    const before = new Date(Date.now() - 86_400_000 / 2).toISOString();
    for (const [point, id] of [
      ["latest", newest],
      [oldest, oldest],
      [{ before }, middle],
    ] as const) {
      const { selected } = await catalogOf(world, world.plan, { point });
      expect(selected?.point.id).toBe(id);
      expect(Buffer.from(selected?.identity ?? "", "base64").toString()).toContain("BEGIN AGE ENCRYPTED FILE");
    }
  });

  test("another plan's points are not listed; an empty plan has none to select", async () => {
    const own = withPlan(world, "other");
    expect((await catalogOf(own)).points).toEqual([]);
    expect(await ask(own, { point: "latest" })).toMatchObject({ ok: false, error: { code: "no-points" } });
    await backupOf(own);
    expect((await catalogOf(world)).points.map(({ id }) => id)).toEqual(ids);
  });

  test("points that no trusted key signed are listed as such, and only selected when that is asked for", async () => {
    const trusted = [signingKeys().publicKey];
    const own = { ...world, plan: { ...world.plan, repository: { ...world.plan.repository, trusted } } };
    expect((await catalogOf(own)).points.map(({ signature }) => signature)).toEqual(ids.map(() => "untrusted"));
    expect(await ask(own, { point: "latest" })).toMatchObject({ ok: false, error: { code: "bad-signature" } });
    expect(await ask(own, { point: "latest", unverified: true })).toMatchObject({ ok: true });
  });

  test("a point whose key is missing cannot be selected: its name is said", async () => {
    const own = withPlan(world, "keyless");
    const { id, identity } = await backupOf(own);
    await storeOf(own).remove(identity.key, identity.versionId);
    const result = await ask(own, { point: id });
    expect(result).toMatchObject({
      ok: false,
      error: { code: "corrupt", fact: expect.stringContaining(identity.key) },
    });
  });

  if (kind === "s3")
    test("wrong keys and a missing bucket are clear errors, not an empty list", async () => {
      expect(await ask(world, {}, { S3_SECRET: "wrong" })).toMatchObject({
        ok: false,
        error: { code: "bad-credentials" },
      });
      const location = { ...s3Location(world.s3.endpoint), bucket: "nowhere" };
      const own = { ...world, plan: { ...world.plan, repository: { ...world.plan.repository, location } } };
      expect(await ask(own)).toMatchObject({ ok: false, error: { code: "missing-bucket" } });
    });
});
