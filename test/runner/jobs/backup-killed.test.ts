import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Plan } from "../../../spec/index.ts";
import { type CountingProxy, startCountingProxy } from "../../support/counting-proxy.ts";
import { waitFor } from "../../support/wait-for.ts";
import { startRunner } from "../run-runner.ts";
import { backupOf, catalogOf, makeWorld, pointIdentity, s3Location, succeeded, type World } from "../world.ts";

const MOMENTS = 10;

describe("a backup that is killed · postgres, versitygw", () => {
  let world: World;
  let proxy: CountingProxy;
  let plan: Plan;
  let requestsOfOneRun = 0;

  beforeAll(async () => {
    world = await makeWorld();
    await world.sql("app", "CREATE TABLE t AS SELECT n, md5(n::text) AS text FROM generate_series(1, 2000) n");
    // Two parts of a multipart upload, which does not compress.
    await writeFile(path.join(world.files, "noise"), randomBytes(12 * 1024 ** 2));
    proxy = await startCountingProxy(world.s3.endpoint);
    plan = {
      ...world.plan,
      repository: { ...world.plan.repository, location: s3Location(proxy.endpoint) },
      leaseSeconds: 60, // a dead holder's is over at once; a slow machine must not lose a living one's
    };
    await backupOf(world, plan);
    requestsOfOneRun = proxy.requests.length;
  });

  afterAll(async () => {
    await proxy.close();
    await world.close();
  });

  test.each(Array.from({ length: MOMENTS }, (_, index) => index + 1))(
    `[core.9] kill -9 at moment %i of ${MOMENTS}: no half point is visible, the next backup succeeds, the last good one still opens`,
    async (moment) => {
      const before = await catalogOf(world);
      const seen = proxy.requests.length;
      const at = Math.max(1, Math.round((moment / MOMENTS) * requestsOfOneRun));
      const run = startRunner({ kind: "backup", version: 1, plan }, world.secrets);
      proxy.judge = ({ number }) => {
        if (number - seen < at) return "pass";
        run.kill("SIGKILL");
        return moment % 2 === 0 ? "drop" : "answerless";
      };
      const { signal } = await run.ended;
      proxy.judge = () => "pass";

      const after = await catalogOf(world);
      expect(after.unreadable).toEqual([]);
      const added = after.points.filter(({ id }) => !before.points.some((point) => point.id === id));
      expect(added.length).toBeLessThanOrEqual(1); // one whose manifest had been written when the kill came
      if (signal === null) expect(added).toHaveLength(1);
      for (const { id } of [before.points.at(-1), ...added].filter((point) => point !== undefined))
        await expectWhole(id);

      const next = await backupOf(world, plan);
      await expectWhole(next.id);
      await expectNoLeftovers();
    },
  );

  /** Reads a point to its end: digests, decryption, pg_restore, tar. */
  async function expectWhole(id: string): Promise<void> {
    const identity = await pointIdentity(world, world.plan, id);
    const { repository, name } = world.plan;
    const job = {
      kind: "verify",
      version: 1,
      repository,
      plan: name,
      point: id,
      identity: { kind: "env", name: "POINT_IDENTITY" },
      record: false,
    } as const;
    const { proof } = succeeded(await world.run(job, { POINT_IDENTITY: identity }), "verify");
    expect(proof.checks.filter(({ ok }) => !ok)).toEqual([]);
  }

  /** What a killed run left may be removed as soon as its lease is over; the next backup after that does it. */
  async function expectNoLeftovers(): Promise<void> {
    await waitFor(
      "a later backup removes what the killed one left",
      async () => {
        const known = new Set((await catalogOf(world)).points.map(({ id }) => id));
        if ((await storedPoints()).every((id) => known.has(id))) return true;
        // One that loses so short a lease on a slow machine is followed by another.
        await backupOf(world, { ...plan, leaseSeconds: 5 });
        return false;
      },
      { seconds: 60, every: 1_000 },
    );
  }

  /** Points that have any object under artifacts/. */
  async function storedPoints(): Promise<string[]> {
    const { ListObjectsV2Command } = await import("@aws-sdk/client-s3");
    const client = world.s3.client();
    const listed = await client.send(new ListObjectsV2Command({ Bucket: "backups", Prefix: "prod/app/artifacts/" }));
    client.destroy();
    return [...new Set((listed.Contents ?? []).map(({ Key = "" }) => Key.split("/")[3] ?? ""))];
  }
});
