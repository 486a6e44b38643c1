import { writeFile } from "node:fs/promises";
import path from "node:path";
import { PutBucketPolicyCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPlanStore } from "../../../runner/jobs/plan-store.ts";
import { manifestKey, type Role } from "../../../spec/index.ts";
import { rolesPolicy } from "../../support/roles-policy.ts";
import type { S3Keys } from "../../support/s3-server.ts";
import { testContext } from "../../support/test-context.ts";
import { runRunner } from "../run-runner.ts";
import { backupOf, catalogOf, makeWorld, s3Location, type World } from "../world.ts";
import { artifactOf, everything, storeOf } from "./points.ts";
import { pointsOf, prune, pruneJob, series, wrongWith } from "./series.ts";

describe("identities · postgres, versitygw", () => {
  let world: World;
  let own: World;
  let ids: readonly string[];
  const keys = new Map<Role, S3Keys>();

  beforeAll(async () => {
    world = await makeWorld();
    await world.sql("app", "CREATE TABLE t AS SELECT n FROM generate_series(1, 100) n");
    await writeFile(path.join(world.files, "a"), "content");
    for (const role of ["reader", "writer", "pruner", "prover"] as const)
      keys.set(role, await world.s3.createUser(role));
    const client = world.s3.client();
    await client.send(new PutBucketPolicyCommand({ Bucket: "backups", Policy: rolesPolicy("backups", keys) }));
    client.destroy();
    const made = await series(world, "owned", [1, 2, 3]);
    [own, ids] = [made.world, made.points.map(({ id }) => id)];
  });
  afterAll(() => world?.close());

  const env = (name: string) => ({ kind: "env" as const, name });

  /** The world where each role has the keys of another, or its own. */
  const as = (roles: Partial<Record<Role, Role>> = {}): World => {
    const all = Object.entries({ reader: "reader", writer: "writer", pruner: "pruner", prover: "prover", ...roles });
    const given = all.map(([role, whose]) => [role, keys.get(whose as Role) as S3Keys] as const);
    const credentials = given.map(([role]) => [
      role,
      { accessKeyId: env(`${role}_id`), secretAccessKey: env(`${role}_secret`) },
    ]);
    const secrets = given.flatMap(([role, { accessKeyId, secretAccessKey }]) => [
      [`${role}_id`, accessKeyId],
      [`${role}_secret`, secretAccessKey],
    ]);
    const location = { ...s3Location(world.s3.endpoint), credentials: Object.fromEntries(credentials) };
    const more: Record<string, string> = Object.fromEntries(secrets);
    const { S3_ID: _, S3_SECRET: __, ...others } = world.secrets;
    return {
      ...own,
      secrets: { ...others, ...more },
      plan: { ...own.plan, repository: { ...own.plan.repository, location } },
      run: (job, extra = {}) => world.run(job, { S3_ID: "none", S3_SECRET: "none", ...more, ...extra }),
    };
  };

  test("each with its own rights only: back up, list, verify and prove, prune", async () => {
    const narrow = as();
    const { id } = await backupOf(narrow);
    expect((await pointsOf(narrow))[0]).toBe(id);
    expect(await wrongWith(narrow, id, true)).toEqual([]);
    const proofs = (await catalogOf(narrow)).points.find((point) => point.id === id)?.proofs;
    expect(proofs).toMatchObject([{ signature: "valid" }]);
    expect(await prune(narrow, { retention: { keepLast: 4, minimum: 3 } })).toMatchObject({ how: "deleted" });
    ids = [id, ...ids.slice(0, 3)];
    expect(await pointsOf(narrow)).toEqual(ids);
  });

  test("a writer that may not delete leaves what is not its own, however it is asked; the store refuses", async () => {
    const before = (await everything(storeOf(own))).filter((line) => !line.startsWith("lease.json"));
    const writer = as();
    const context = testContext({ secret: (ref) => (ref.kind === "env" ? (writer.secrets[ref.name] ?? "") : "") });
    const store = openPlanStore(context, writer.plan.repository, own.plan.name, "writer");
    const [newest] = (await catalogOf(own)).points.slice(-1);
    const dump = artifactOf(newest?.manifest ?? never(), "dump");
    for (const [key, versionId] of [
      [dump.key, dump.versionId],
      [dump.key, undefined],
      [manifestKey(newest?.id ?? ""), undefined],
    ] as const)
      await expect(store.remove(key, versionId)).rejects.toMatchObject({ code: "too-few-rights" });
    const after = (await everything(storeOf(own))).filter((line) => !line.startsWith("lease.json"));
    expect(after).toEqual(before);
  });

  test.each(["writer", "reader"] as const)(
    "a prune with the %s's keys: one clear error, and every point stays whole",
    async (role) => {
      const before = await everything(storeOf(own), "artifacts/");
      const result = await as({ pruner: role }).run(pruneJob(as({ pruner: role })));
      if (result.ok) throw new Error("it went through");
      expect(result.error).toMatchObject({ code: "too-few-rights", hint: expect.stringContaining("pruners") });
      expect(result.error.fact).toContain("s3://backups/");
      expect(await everything(storeOf(own), "artifacts/")).toEqual(before);
      expect(await pointsOf(own)).toEqual(ids);
    },
  );

  test("[core.12] with the reader's keys and no others: the catalog is listed, a point's key handed out, freshness judged", async () => {
    const { plan, secrets } = as();
    const { location } = plan.repository;
    const reader = location.kind === "s3" ? location.credentials?.reader : undefined;
    if (!reader) throw new Error("there is no reader");
    const repository = { ...plan.repository, location: { ...location, credentials: { reader } } as typeof location };
    const only = { reader_id: secrets.reader_id ?? "", reader_secret: secrets.reader_secret ?? "" };
    const lonely: World = { ...own, plan: { ...plan, repository }, run: (job) => runRunner(job, only) };
    expect(await pointsOf(lonely)).toEqual(ids);
    const { selected } = await catalogOf(lonely, lonely.plan, { point: "latest" });
    expect(selected?.point.id).toBe(ids[0]);
    const job = { kind: "check", version: 1, repository, plan: plan.name, schedule: { kind: "none" } } as const;
    expect(await lonely.run(job)).toMatchObject({ ok: true, healthy: true, newest: ids[0] });
  });

  test("a backup with the reader's keys, and a proof with the reader's: refused by the store, nothing published", async () => {
    const narrow = as({ writer: "reader", prover: "reader" });
    const result = await narrow.run({ kind: "backup", version: 1, plan: narrow.plan });
    expect(result).toMatchObject({ ok: false, error: { code: "too-few-rights" } });
    await expect(wrongWith(narrow, ids[0] ?? "", true)).rejects.toThrow(/too-few-rights/);
    expect(await pointsOf(own)).toEqual(ids);
  });

  test("a writer that overwrites a manifest and an artifact: the first versions count, check says so, and it restores", async () => {
    const [id = ""] = ids;
    const narrow = as();
    const context = testContext({ secret: (ref) => (ref.kind === "env" ? (narrow.secrets[ref.name] ?? "") : "") });
    const store = openPlanStore(context, narrow.plan.repository, own.plan.name, "writer");
    const point = (await catalogOf(own)).points.find((candidate) => candidate.id === id);
    await store.put(manifestKey(id), "{}");
    await store.put(artifactOf(point?.manifest ?? never(), "dump").key, "noise");
    expect(await wrongWith(narrow, id)).toEqual([]);
    const { plan } = narrow;
    const job = { kind: "check", version: 1, repository: plan.repository, plan: plan.name } as const;
    const checked = await narrow.run({ ...job, schedule: { kind: "none" } });
    expect(checked).toMatchObject({ ok: true, healthy: false, newest: id });
    expect(JSON.stringify(checked)).toContain(`the manifest of ${id} has 1 more version(s)`);
  });
});

const never = (): never => {
  throw new Error("there is no such point");
};
