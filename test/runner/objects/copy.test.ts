import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { backupOf, restoreJob, restoreWhole, succeeded } from "../world.ts";
import { type MediaWorld, makeMediaWorld } from "./world.ts";

describe.each(["s3", "directory"] as const)("media as copies · versitygw, repository in %s", (repository) => {
  let world: MediaWorld;
  const large = randomBytes(9 * 1024 ** 2);

  beforeAll(async () => {
    world = await makeMediaWorld({ repository });
    await world.put("media/a", "alpha", { ContentType: "text/plain", Metadata: { owner: "one" } });
    await world.put("media/b/ü & x+y.dat", "beta");
    await world.put("media/large", large, { ContentType: "application/octet-stream" });
    await world.put("media/empty", "");
    await world.put("other/not-ours", "other");
  });
  afterAll(() => world.close());

  test("an object that did not change is stored once; the point says what it copied", async () => {
    const first = await backupOf(world);
    const [db, media] = first.sources;
    expect(db?.kind).toBe("postgres");
    expect(media).toMatchObject({
      kind: "objects",
      counts: { objects: 4, bytes: 9 + large.length },
      copied: { objects: 4 },
      changed: [],
    });
    await world.put("media/c", "gamma");
    const second = await backupOf(world);
    expect(second.sources[1]).toMatchObject({ counts: { objects: 5 }, copied: { objects: 1, bytes: 5 } });
  });

  test("[topobank.6] a deleted and an overwritten object are recoverable, headers included; what is newer stays and is named", async () => {
    const before = await world.contents();
    const { id } = await backupOf(world);
    await world.remove("media/a");
    await world.remove("media/large");
    await world.put("media/b/ü & x+y.dat", "overwritten");
    await backupOf(world); // a later point does not hide the earlier one's objects
    await world.put("media/newer", "newer");
    const { record } = await restoreWhole(world, { request: { point: id } });
    expect(record).toMatchObject({ ok: true });
    expect(record?.notes.join("\n")).toMatch(/1 objects of s3:\/\/media-bucket\/media are not in the point.*newer/);
    const after = await world.contents();
    expect(after.filter((line) => !/^media\/newer |^media_org_/.test(line))).toEqual(before);
    expect(after.filter((line) => line.startsWith("media_"))).toEqual([
      expect.stringMatching(/^media_org_\d{8}T\d{6}Z\/b\/ü & x\+y\.dat overwritten /),
    ]);
    await world.remove("media/newer");
  });

  test("one command gives back what was there before the restore", async () => {
    const { id } = await backupOf(world);
    await world.remove("media/a");
    await world.put("media/empty", "not empty any more");
    const before = await world.contents(undefined, "media/");
    const { record } = await restoreWhole(world, { request: { id: `undo-${repository}`, point: id } });
    expect(record?.ok).toBe(true);
    expect(await world.contents(undefined, "media/")).not.toEqual(before);
    const job = restoreJob(world, "rollback", { request: record?.request ?? {} });
    expect(succeeded(await world.run({ ...job, action: "quiescing" }), "restore").step).toBe("rolling-back");
    succeeded(await world.run(job), "restore");
    expect(succeeded(await world.run({ ...job, action: "finish" }), "restore").step).toBe("rolled-back");
    expect(await world.contents(undefined, "media/")).toEqual(before);
  });
});
