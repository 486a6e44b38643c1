import { PutBucketLifecycleConfigurationCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ObjectsSource, Plan } from "../../../spec/index.ts";
import { backupOf, pointIdentity, restoreJob, restoreWhole, succeeded } from "../world.ts";
import { MEDIA, type MediaWorld, makeMediaWorld } from "./world.ts";

describe("media as versions · versitygw", () => {
  let world: MediaWorld;

  beforeAll(async () => {
    world = await makeMediaWorld({ versioning: true, source: { store: { kind: "versions" } } });
    await world.put("media/a", "alpha", { ContentType: "text/plain", Metadata: { owner: "one" } });
    await world.put("media/b/c d", "beta");
  });
  afterAll(() => world.close());

  const sources = (): ObjectsSource[] => world.plan.sources.filter((source) => source.kind === "objects");

  test("[topobank.6] the index names versions, nothing is copied; what was deleted and overwritten comes back, and a rollback undoes it", async () => {
    const before = await world.contents();
    const { id, sources: entries } = await backupOf(world);
    expect(entries[1]).toMatchObject({ store: "versions", counts: { objects: 2, bytes: 9 }, copied: { objects: 0 } });
    await world.remove("media/a");
    await world.put("media/b/c d", "overwritten");
    await world.put("media/new", "new");
    const damaged = await world.contents();
    const { record } = await restoreWhole(world, { request: { id: "versions", point: id } });
    expect(record).toMatchObject({ ok: true });
    expect((await world.contents()).filter((line) => !line.startsWith("media/new "))).toEqual(before);
    const job = restoreJob(world, "rollback", { request: record?.request ?? {} });
    succeeded(await world.run({ ...job, action: "quiescing" }), "restore");
    succeeded(await world.run(job), "restore");
    expect(succeeded(await world.run({ ...job, action: "finish" }), "restore").step).toBe("rolled-back");
    expect(await world.contents()).toEqual(damaged);
  });

  test("verify asks for every version; a bucket that keeps none is refused, and a rule that removes them is named", async () => {
    const { id } = await backupOf(world);
    const identity = await pointIdentity(world, world.plan, id);
    const job = {
      kind: "verify",
      version: 1,
      repository: world.plan.repository,
      plan: world.plan.name,
      point: id,
      record: false,
      identity: { kind: "env", name: "KEY" },
      objects: sources(),
    } as const;
    const { proof } = succeeded(await world.run(job, { KEY: identity }), "verify");
    expect(proof.checks.find(({ name }) => name === "versions of media")).toMatchObject({ ok: true });
    await world.s3.createBucket("plain-media", { versioning: false });
    const plain = withMedia(world.plan, { bucket: "plain-media" });
    const refused = await world.run({ kind: "backup", version: 1, plan: plain });
    expect(refused).toMatchObject({ ok: false, error: { code: "store-lacks" } });
    const rule = {
      ID: "tidy",
      Status: "Enabled",
      Filter: { Prefix: "" },
      NoncurrentVersionExpiration: { NoncurrentDays: 3 },
    } as const;
    const command = new PutBucketLifecycleConfigurationCommand({
      Bucket: MEDIA,
      LifecycleConfiguration: { Rules: [rule] },
    });
    const kept = await world.client.send(command).then(
      () => true,
      () => false, // this server keeps no lifecycle: what is read from rules is tested without it
    );
    const { repository, name } = world.plan;
    const checked = succeeded(
      await world.run({
        kind: "check",
        version: 1,
        repository,
        plan: name,
        schedule: { kind: "none" },
        objects: sources(),
      }),
      "check",
    );
    expect(checked.checks.find((each) => each.name === "versions of media")?.ok).toBe(!kept);
  });
});

describe("production's media onto uat · versitygw", () => {
  test("objects that uat lacks or has otherwise come from production; uat's own stay; both buckets are told apart", async () => {
    const world = await makeMediaWorld();
    try {
      await world.put("media/a", "alpha", { Metadata: { owner: "one" } });
      await world.put("media/same", "same");
      await backupOf(world);
      await world.s3.createBucket("uat-media", { versioning: false });
      await world.sql("postgres", "CREATE DATABASE app_uat");
      const uat = withMedia(
        { ...world.plan, stack: "test-uat", repository: { ...world.plan.repository, environment: "uat" } },
        { bucket: "uat-media", prefix: "" },
      );
      const onto = {
        ...uat,
        sources: uat.sources.map((source) =>
          source.kind === "postgres" ? { ...source, database: "app_uat" } : source,
        ),
      };
      const { record } = await restoreWhole(world, {
        plan: onto,
        from: { repository: world.plan.repository, plan: world.plan.name },
      });
      expect(record).toMatchObject({ ok: true, from: { environment: "prod" } });
      expect(await world.contents("uat-media")).toEqual(
        (await world.contents()).map((line) => line.replace(/^media\//, "")),
      );
    } finally {
      await world.close();
    }
  });
});

const withMedia = (plan: Plan, change: Partial<ObjectsSource>): Plan => ({
  ...plan,
  sources: plan.sources.map((source) => (source.kind === "objects" ? { ...source, ...change } : source)),
});
