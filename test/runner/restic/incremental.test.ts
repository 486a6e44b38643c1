import { randomBytes } from "node:crypto";
import { appendFile, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Manifest } from "../../../spec/index.ts";
import { treeDigest } from "../../support/tree-digest.ts";
import { makeShapes, SPARSE_BYTES } from "../files/shapes.ts";
import { restoreWhole, type World } from "../world.ts";
import { filesOf, makeResticWorld, PASSWORD, proofOf, snapshotNow, snapshotOf } from "./world.ts";

describe.each([
  ["incremental files · directory", "directory"],
  ["incremental files · versitygw", "s3"],
] as const)("%s", (_title, repository) => {
  let world: World;
  let digest: readonly string[];
  let first: Manifest;

  beforeAll(async () => {
    world = await makeResticWorld({ repository });
    await makeShapes(world.files);
    await rm(path.join(world.files, "link again")); // restic gives a second name of a link a link of its own
    for (let index = 0; index < 40; index += 1)
      await writeFile(path.join(world.files, `noise ${index}`), randomBytes(100_000));
    digest = await treeDigest(world.files);
    first = (await snapshotNow(world)).manifest;
  });
  afterAll(() => world?.close());

  /** Without the time of the directory itself, which a restore in place changes. */
  const timeless = ([top = "", ...others]: readonly string[]) => [top.replace(/\d{19}/, ""), ...others];

  test("a point names its snapshot, what it added and what it holds", async () => {
    const entry = filesOf(first);
    expect(entry.counts.files).toBeGreaterThan(50);
    expect(entry.counts.hardLinks).toBe(1);
    expect(entry.counts.bytes).toBeGreaterThan(40 * 100_000 + SPARSE_BYTES);
    expect(snapshotOf(first)).toMatchObject({ path: "/files", version: expect.stringMatching(/^0\.\d+/) });
    expect(snapshotOf(first).addedBytes).toBeGreaterThan(40 * 100_000);
    expect(entry.artifacts.map(({ role }) => role)).toEqual(["password"]);
    expect(JSON.stringify(first)).not.toContain(PASSWORD);
  });

  test("restored over what was lost: content, names, owners, modes, times, links, attributes, the directory's own", async () => {
    await rm(world.files, { recursive: true });
    await writeFile(path.join(path.dirname(world.files), "beside"), "stays");
    const { record } = await restoreWhole(world);
    expect(record).toMatchObject({ ok: true });
    expect(record?.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(await treeDigest(world.files)).toEqual(digest);
    const { size, blocks } = await stat(path.join(world.files, "sparse"));
    expect(size).toBe(SPARSE_BYTES);
    expect(blocks * 512).toBeLessThan(2 ** 20);
  });

  test("restored in place, over other content", async () => {
    await appendFile(path.join(world.files, "noise 1"), "changed");
    await writeFile(path.join(world.files, "new"), "must go");
    const { record } = await restoreWhole(world, { request: { point: first.id, into: { inPlace: {} } } });
    expect(record).toMatchObject({ ok: true });
    expect(timeless(await treeDigest(world.files))).toEqual(timeless(digest));
  });

  test("restored into a directory of its own", async () => {
    const directory = path.join(world.directory, "other");
    const { record } = await restoreWhole(world, { request: { point: first.id, into: { directory } } });
    expect(record).toMatchObject({ ok: true });
    expect(await treeDigest(directory)).toEqual(digest);
  });

  test("a second point stores only what changed, and both restore", async () => {
    const content = await readFile(path.join(world.files, "noise 7"));
    await writeFile(path.join(world.files, "noise 7"), randomBytes(100_000));
    const { manifest, snapshot } = await snapshotNow(world);
    expect(snapshot.addedBytes).toBeGreaterThan(100_000);
    expect(snapshot.addedBytes).toBeLessThan(400_000);
    expect(filesOf(manifest).counts).toEqual(filesOf(first).counts);
    const directory = path.join(world.directory, "older");
    await restoreWhole(world, { request: { point: first.id, into: { directory } } });
    expect(await readFile(path.join(directory, "noise 7"))).toEqual(content);
  });

  test("verify reads a snapshot to its end, with the point's key alone", async () => {
    const { ok, checks } = await proofOf(world, first.id);
    expect(checks.filter((check) => !check.ok)).toEqual([]);
    expect(ok).toBe(true);
    const snapshot = checks.find(({ name }) => name.startsWith("files/snapshots/"));
    expect(snapshot?.detail).toContain(`${filesOf(first).counts.files} files of ${filesOf(first).counts.bytes} bytes`);
  });
});
