import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { PutBucketPolicyCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { objectRights } from "../../../spec/index.ts";
import { type CountingProxy, startCountingProxy } from "../../support/counting-proxy.ts";
import { startRunner } from "../run-runner.ts";
import { backupOf, catalogOf, s3Location, type World } from "../world.ts";
import { makeResticWorld, PASSWORD, proofOf, snapshotNow } from "./world.ts";

/** What restic writes, in order; a kill at each, before and after the store has it. */
const MOMENTS = [
  /\/files\/keys\//,
  /\/files\/config/,
  /\/files\/locks\//,
  /\/files\/data\//,
  /\/files\/index\//,
  /\/files\/snapshots\//,
];

describe("an incremental backup that is killed · versitygw", () => {
  let world: World;
  let proxy: CountingProxy;

  beforeAll(async () => {
    world = await makeResticWorld();
    proxy = await startCountingProxy(world.s3.endpoint);
  });
  afterAll(async () => {
    await proxy?.close();
    await world?.close();
  });

  test.each(
    MOMENTS.flatMap((moment) => (["drop", "answerless"] as const).map((verdict) => [moment, verdict] as const)),
  )("at the first PUT of %s, %s: nothing half is visible, and the next backup is whole", async (moment, verdict) => {
    // A plan of its own, so that each begins without a restic repository.
    const name = `p${MOMENTS.indexOf(moment)}-${verdict}`;
    const plan = { ...world.plan, name };
    const through = { ...plan, repository: { ...plan.repository, location: s3Location(proxy.endpoint) } };
    await writeFile(path.join(world.files, "noise"), randomBytes(200_000));
    const run = startRunner({ kind: "backup", version: 1, plan: through }, world.secrets);
    let hit = false;
    proxy.judge = ({ method, url }) => {
      if (method !== "PUT" || !moment.test(url)) return hit ? "drop" : "pass";
      hit = true;
      run.kill("SIGKILL");
      return verdict;
    };
    await run.ended;
    proxy.judge = () => "pass";
    expect(hit).toBe(true);
    const own: World = { ...world, plan };
    expect(await catalogOf(own, plan)).toMatchObject({ points: [], unreadable: [] });
    const { manifest } = await snapshotNow(own);
    expect((await proofOf(own, manifest.id)).ok).toBe(true);
  });

  test("with a writer's rights only, of which locks are all that it may delete", async () => {
    const { accessKeyId, secretAccessKey } = await world.s3.createUser("writer");
    const arn = "arn:aws:s3:::backups";
    const Statement = [
      ...objectRights("writer", { arn }),
      {
        actions: [
          "s3:ListBucket",
          "s3:ListBucketVersions",
          "s3:GetBucketVersioning",
          "s3:GetLifecycleConfiguration",
          "s3:ListBucketMultipartUploads",
        ],
        resources: [arn],
      },
    ].map(({ actions, resources }) => ({
      Effect: "Allow",
      Principal: accessKeyId,
      Action: actions,
      Resource: resources,
    }));
    const client = world.s3.client();
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
    await client.send(new PutBucketPolicyCommand({ Bucket: "backups", Policy }));
    client.destroy();
    const plan = { ...world.plan, name: "narrow" };
    const keys = { S3_ID: accessKeyId, S3_SECRET: secretAccessKey, FILES_PASSWORD: PASSWORD };
    const narrow: World = { ...world, plan, run: (job, more = {}) => world.run(job, { ...keys, ...more }) };
    for (let index = 0; index < 2; index += 1) await backupOf(narrow);
    const { points } = await catalogOf({ ...world, plan }, plan);
    expect(points).toHaveLength(2);
    const run = startRunner({ kind: "backup", version: 1, plan }, { ...world.secrets, ...keys });
    const { result, stderr } = await run.ended;
    expect(result?.ok).toBe(true);
    expect(stderr).not.toMatch(/denied|refused/i);
  });
});
