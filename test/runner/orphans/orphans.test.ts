import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OrphanQuery, Plan } from "../../../spec/index.ts";
import { plan as planSchema } from "../../../spec/index.ts";
import { type MediaWorld, makeMediaWorld } from "../objects/world.ts";
import { backupOf, restoreWhole, succeeded } from "../world.ts";

const QUERY: OrphanQuery = {
  name: "datafiles",
  query: "SELECT datafile FROM topography WHERE datafile IS NOT NULL -- as the application stores it",
  of: "media",
  stripPrefix: "media/",
};

describe("orphans · postgres, versitygw", () => {
  let world: MediaWorld;
  let plan: Plan;

  beforeAll(async () => {
    world = await makeMediaWorld();
    await world.sql(
      "app",
      "INSERT INTO topography VALUES (2, 'media/b/ü'), (3, 'media/gone'), (4, NULL), (5, 'media/a'), (6, 'z'), (7, 'media/𐍈'), (8, 'media/ｚ')",
    );
    for (const key of ["a", "b/ü", "b.extra", "𐍈", "ｚ", "folder/"])
      await world.put(`media/${key}`, key.endsWith("/") ? "" : "x");
    await world.put("other/outside", "x");
    plan = { ...world.plan, orphans: [QUERY] };
  });
  afterAll(() => world.close());

  const orphans = async (changed: Plan, limit = 100) =>
    succeeded(await world.run({ kind: "orphans", version: 1, plan: changed, limit }), "orphans");

  test("[topobank.12] seeded rows without objects and objects without rows are listed, both ways", async () => {
    const { healthy, reports } = await orphans(plan);
    expect(healthy).toBe(false);
    expect(reports).toEqual([
      {
        name: "datafiles",
        of: "media",
        rows: 6,
        objects: 5,
        missing: { count: 2, first: ["gone", "z"] },
        extra: { count: 1, first: ["b.extra"] },
      },
    ]);
    const [short] = (await orphans(plan, 1)).reports;
    expect(short?.missing).toEqual({ count: 2, first: ["gone"] });
  });

  test("[topobank.12] with files as with objects; a directory and its namesakes sort as their paths", async () => {
    const directory = path.join(world.directory, "media-files");
    await mkdir(path.join(directory, "a"), { recursive: true });
    for (const file of ["a/x", "a.b", "a-c", "a/z"]) await writeFile(path.join(directory, file), "x");
    const files: Plan = planSchema.parse({
      ...plan,
      sources: [...plan.sources.filter(({ kind }) => kind === "postgres"), { kind: "files", name: "media", directory }],
      orphans: [{ ...QUERY, query: "VALUES ('a/x'), ('a.b'), ('a-c'), ('a/y');" }],
    });
    expect((await orphans(files)).reports).toEqual([
      {
        name: "datafiles",
        of: "media",
        rows: 4,
        objects: 4,
        missing: { count: 1, first: ["a/y"] },
        extra: { count: 1, first: ["a/z"] },
      },
    ]);
    const healthy = await orphans({
      ...files,
      orphans: [{ ...QUERY, query: "VALUES ('a/x'), ('a.b'), ('a-c'), ('a/z')" }],
    });
    expect(healthy.healthy).toBe(true);
  });

  test.each([
    ["a write", "DELETE FROM topography RETURNING datafile"],
    ["a write by a function", "SELECT lo_unlink(1)::text"],
    ["a second statement", "SELECT 'x') AS a (value)) AS t) AS k; DELETE FROM topography; SELECT * FROM (SELECT 'x'"],
    ["an end of the transaction", "SELECT 'x') AS a (value)) AS t) AS k; COMMIT; DELETE FROM topography; --"],
    ["two columns", "SELECT id::text, datafile FROM topography"],
  ])("%s is refused, and no row is touched", async (_what, query) => {
    const before = await world.sql("app", "SELECT count(*) FROM topography");
    const result = await world.run({
      kind: "orphans",
      version: 1,
      plan: { ...plan, orphans: [{ ...QUERY, query }] },
      limit: 1,
    });
    expect(result).toMatchObject({ ok: false, error: { code: "bad-config" } });
    expect((await world.sql("app", "SELECT count(*) FROM topography")).rows).toEqual(before.rows);
  });

  test("[topobank.7] [topobank.12] one point holds the database and its media, the database first; the restore of both reports orphans and does not fail", async () => {
    const manifest = await backupOf(world, plan);
    expect(manifest.sources.map(({ kind, name }) => `${kind} ${name}`)).toEqual(["postgres db", "objects media"]);
    const [db, media] = manifest.sources;
    if (db?.kind !== "postgres" || media?.kind !== "objects") throw new Error("the point is not a pair");
    expect(Date.parse(db.snapshot.at)).toBeLessThanOrEqual(Date.parse(media.started));
    await world.remove("media/a");
    const { record } = await restoreWhole(world, { plan });
    expect(record).toMatchObject({ ok: true });
    expect(record?.notes.find((note) => note.startsWith("orphans"))).toBe(
      "orphans 'datafiles': 2 of 6 rows without what they expect in 'media' (gone, z); 1 of 5 in 'media' without a row (b.extra)",
    );
  });

  test("a comparison of what the plan does not have is refused", () => {
    const issues = (orphans: object[]) =>
      planSchema
        .safeParse({ ...plan, orphans })
        .error?.issues.map(({ path: at, message }) => `${at.join(".")}: ${message}`);
    expect(issues([{ ...QUERY, of: "db" }])).toEqual([
      "orphans.0.of: expected a files or objects source of this plan, not 'db'",
    ]);
    expect(issues([{ ...QUERY, postgres: "media" }])).toEqual([
      "orphans.0.postgres: expected a database source of this plan, not 'media'",
    ]);
    expect(issues([{ ...QUERY }])).toBeUndefined();
  });
});
