import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { generateIdentity } from "age-encryption";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Result } from "../../../spec/index.ts";
import {
  backupOf,
  makeWorld,
  pointIdentity,
  restoreJob,
  restoreWhole,
  signingKeys,
  succeeded,
  type World,
} from "../world.ts";

describe("restores that are refused, with nothing touched · postgres, versitygw", () => {
  let world: World;
  let point: string;
  let secrets: { POINT_IDENTITY: string };

  beforeAll(async () => {
    world = await makeWorld();
    await world.sql("app", "CREATE TABLE t AS SELECT n FROM generate_series(1, 100) n");
    await writeFile(path.join(world.files, "a"), "a");
    ({ id: point } = await backupOf(world));
    secrets = { POINT_IDENTITY: await pointIdentity(world, world.plan, point) };
    await world.sql("app", "INSERT INTO t VALUES (-1)");
  });
  afterAll(() => world.close());

  afterEach(async () => {
    expect((await world.sql("app", "SELECT count(*)::int AS n FROM t")).rows).toEqual([{ n: 101 }]);
    expect(await readFile(path.join(world.files, "a"), "utf8")).toBe("a");
    expect((await world.sql("postgres", "SELECT datname FROM pg_database WHERE datname ~ '^app'")).rows).toEqual([
      { datname: "app" },
    ]);
  });

  const refused = (result: Result, code: string): string => {
    if (result.ok) throw new Error(`expected ${code}, but it went through: ${JSON.stringify(result)}`);
    expect(result.error.code).toBe(code);
    expect(result.error.hint).not.toBe("");
    return result.error.fact;
  };
  const prepare = (request: object, more: Record<string, string> = secrets, plan = world.plan) =>
    world.run(restoreJob(world, "prepare", { request, plan }), more);

  test("[beyond.8] a confirm text of another target", async () => {
    expect(refused(await prepare({ confirm: "backups/test-uat/app" }), "wrong-confirm")).toContain(
      "backups/test-prod/app",
    );
  });

  test("[beyond.8] a protected target without a reason", async () => {
    refused(await prepare({}, secrets, { ...world.plan, protected: true }), "bad-config");
  });

  test("an unknown point, a time before the first one, a source that the plan does not have", async () => {
    refused(await prepare({ point: "20200101T000000Z-0000" }), "unknown-point");
    refused(await prepare({ point: { before: "2020-01-01T00:00:00+01:00" } }), "unknown-point");
    refused(await prepare({ sources: ["missing"] }), "bad-config");
  });

  test("a database to restore into that exists, and a directory that is not empty", async () => {
    refused(await prepare({ into: { database: "postgres" } }), "target-not-empty");
    refused(await prepare({ into: { directory: world.files } }), "target-not-empty");
  });

  test("[core.3] the key of another point, and none", async () => {
    refused(await prepare({}, { POINT_IDENTITY: await generateIdentity() }), "wrong-key");
    refused(await prepare({}, {}), "missing-secret");
  });

  test("a wrong password, a role that may not create databases", async () => {
    refused(await prepare({}, { ...secrets, PG_PASSWORD: "wrong" }), "bad-credentials");
    await world.sql("postgres", "CREATE ROLE modest LOGIN PASSWORD 'modest'");
    const admin = { user: "modest", password: { kind: "env" as const, name: "MODEST" } };
    const plan = {
      ...world.plan,
      sources: world.plan.sources.map((source) => (source.kind === "postgres" ? { ...source, admin } : source)),
    };
    refused(await prepare({}, { ...secrets, MODEST: "modest" }, plan), "too-few-rights");
  });

  test("a manifest that is not signed, one signed by somebody else, and one that was changed", async () => {
    const key = `prod/app/catalog/${point}.json`;
    const client = world.s3.client();
    const stored = await client.send(new GetObjectCommand({ Bucket: "backups", Key: key }));
    const { manifest, signature } = JSON.parse((await stored.Body?.transformToString()) ?? "");
    const forge = async (id: string, change: (manifest: Record<string, unknown>) => void, sign: boolean) => {
      const forged = structuredClone(manifest);
      forged.id = id;
      change(forged);
      const Key = key.replace(point, id);
      await client.send(
        new PutObjectCommand({
          Bucket: "backups",
          Key,
          Body: JSON.stringify({ manifest: forged, ...(sign ? { signature } : {}) }),
        }),
      );
      return Key;
    };
    const unsigned = await forge("20990101T000000Z-0001", () => undefined, false);
    refused(await prepare({ point: "20990101T000000Z-0001" }), "unsigned");
    const changed = await forge(
      "20990101T000000Z-0002",
      (value) => {
        value.host = "elsewhere";
      },
      true,
    );
    refused(await prepare({ point: "20990101T000000Z-0002" }), "bad-signature");
    // They lie in the future, and still `latest` is the newest that is signed.
    const found = succeeded(
      await world.run({
        kind: "catalog",
        version: 1,
        repository: world.plan.repository,
        plan: "app",
        point: "latest",
        unverified: false,
      }),
      "catalog",
    );
    expect(found.selected?.point.id).toBe(point);
    for (const Key of [unsigned, changed]) await client.send(new DeleteObjectCommand({ Bucket: "backups", Key }));
    client.destroy();
    const trusted = [signingKeys().publicKey];
    refused(
      await prepare({}, secrets, { ...world.plan, repository: { ...world.plan.repository, trusted } }),
      "bad-signature",
    );
  });

  test("an artifact with one flipped bit: found while the application runs, undone, and named", async () => {
    const client = world.s3.client();
    const { id, sources } = await backupOf(world);
    const artifact = sources.flatMap(({ artifacts }) => artifacts).find(({ role }) => role === "files");
    const Key = `prod/app/${artifact?.key}`;
    const stored = await client.send(new GetObjectCommand({ Bucket: "backups", Key }));
    const body = Buffer.from((await stored.Body?.transformToByteArray()) ?? []);
    const middle = Math.floor(body.length / 2);
    body[middle] = (body[middle] ?? 0) ^ 1;
    await client.send(new PutObjectCommand({ Bucket: "backups", Key, Body: body }));
    // The version that the manifest names is still whole: overwriting a key harms nothing.
    const identity = await pointIdentity(world, world.plan, id);
    const repository = world.plan.repository;
    const verify = {
      kind: "verify",
      version: 1,
      repository,
      plan: "app",
      point: id,
      identity: { kind: "env", name: "POINT_IDENTITY" },
      record: false,
    } as const;
    expect(succeeded(await world.run(verify, { POINT_IDENTITY: identity }), "verify").proof.ok).toBe(true);
    await client.send(new DeleteObjectCommand({ Bucket: "backups", Key, VersionId: artifact?.versionId }));
    const { proof } = succeeded(await world.run(verify, { POINT_IDENTITY: identity }), "verify");
    expect(proof.ok).toBe(false);
    const damaged = restoreJob(world, "prepare", { request: { point: id } });
    const result = await world.run(damaged, { POINT_IDENTITY: identity });
    const fact = result.ok ? succeeded(result, "restore").record?.error?.fact : result.error.fact;
    expect(fact).toContain(artifact?.key);
    client.destroy();
  });

  test("[beyond.8] an id that was used for another request; the same request again runs nothing", async () => {
    const id = "used-once";
    const { record } = await restoreWhole(world, { request: { id, point, into: { database: "elsewhere" } } });
    expect(record?.ok).toBe(true);
    refused(await prepare({ id, point, into: { database: "elsewhere-2" } }), "request-id-used");
    const again = await restoreWhole(world, { request: { id, point, into: { database: "elsewhere" } } });
    expect(again.record).toEqual(record);
    await world.sql("postgres", "DROP DATABASE elsewhere");
  });
});
