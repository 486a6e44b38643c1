import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { DeleteObjectCommand, GetObjectCommand, PutBucketPolicyCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Manifest, manifestKey, type Plan } from "../../../spec/index.ts";
import { incremental, PASSWORD, snapshotOf } from "../restic/world.ts";
import { backupOf, catalogOf, makeWorld, restoreWhole, s3Location, succeeded, type World } from "../world.ts";
import { archiveOf, copyJob, copyNow, inBucket, inDirectory, keysNamed } from "./archives.ts";
import { artifactOf, copyPoint, everything, fileOf, idOf, publish, storeOf } from "./points.ts";
import { pointsOf, prune, withPlan, wrongWith } from "./series.ts";

const both = (plan: Plan): Plan => {
  const { sources, repository } = incremental(plan);
  return { ...plan, repository, sources: [...plan.sources.filter(({ kind }) => kind === "postgres"), ...sources] };
};

describe("copy · postgres, versitygw, restic", () => {
  let world: World;

  beforeAll(async () => {
    const made = await makeWorld({ change: both });
    world = {
      ...made,
      secrets: { ...made.secrets, FILES_PASSWORD: PASSWORD },
      run: (job, more = {}) => made.run(job, { FILES_PASSWORD: PASSWORD, ...more }),
    };
    await world.sql("app", "CREATE TABLE t AS SELECT n, md5(n::text) AS text FROM generate_series(1, 500) n");
    await writeFile(path.join(world.files, "a"), "a".repeat(100_000));
  });
  afterAll(() => world?.close());

  /** A plan of its own with so many points, each with another file. Oldest first. */
  const points = async (name: string, count: number): Promise<{ own: World; made: Manifest[] }> => {
    const own = withPlan(world, name);
    const made: Manifest[] = [];
    for (let nth = 1; nth <= count; nth += 1) {
      await writeFile(path.join(world.files, `${name}-${nth}`), `${name} ${nth}\n`.repeat(2_000));
      made.push(await backupOf(own));
    }
    return { own, made };
  };

  const flip = async (file: string): Promise<() => Promise<void>> => {
    const good = await readFile(file);
    const bad = Buffer.from(good);
    const middle = Math.floor(bad.length / 2);
    bad.writeUInt8(bad.readUInt8(middle) ^ 1, middle);
    await writeFile(file, bad);
    return () => writeFile(file, good);
  };

  test.each(["directory", "bucket"] as const)(
    "every point that a %s lacks is copied as it is, and only those at the next run",
    async (kind) => {
      const { own, made } = await points(`whole-${kind}`, 2);
      const archive = kind === "directory" ? inDirectory(own, "whole") : await inBucket(own, "whole");
      const first = await copyNow(own, archive);
      expect(first).toMatchObject({ healthy: true, copied: made.map(({ id }) => id), present: 0, problems: [] });
      expect(first.bytes).toBeGreaterThan(0);
      expect(await copyNow(own, archive)).toMatchObject({ copied: [], present: 2, bytes: 0, healthy: true });

      const third = await backupOf(own);
      const next = await copyNow(own, archive);
      expect(next).toMatchObject({ copied: [third.id], present: 2 });
      expect(next.bytes).toBeLessThan(first.bytes);
      for (const { id } of [...made, third]) expect(await wrongWith(archive, id)).toEqual([]);
      // Signed by the first repository's writer, whose key the copy never saw.
      const { points: listed } = await catalogOf(archive);
      expect(listed.map(({ signature }) => signature)).toEqual(["valid", "valid", "valid"]);
      expect(listed.every(({ copiedAt }) => copiedAt !== undefined)).toBe(true);
      const checked = succeeded(
        await own.run({
          kind: "check",
          version: 1,
          repository: archive.plan.repository,
          plan: own.plan.name,
          schedule: { kind: "cron", cron: "@daily", timeZone: "UTC" },
        }),
        "check",
      );
      expect(checked.checks.filter(({ ok }) => !ok)).toEqual([]);
    },
  );

  test("of some points that are named only those are copied, whatever is wrong with others; one that is not there is named", async () => {
    const { own, made } = await points("named", 3);
    const archive = inDirectory(own, "named");
    const [first, second] = made as [Manifest, Manifest, Manifest];
    const repair = await flip(fileOf(own, artifactOf(first, "dump").key));
    expect(await copyNow(own, archive, { points: [second.id] })).toMatchObject({ copied: [second.id], healthy: true });
    expect(await pointsOf(archive)).toEqual([second.id]);
    expect(await wrongWith(archive, second.id)).toEqual([]);
    const job = copyJob(own, archive, { points: ["20200101T000000Z-0000"] });
    expect(await own.run(job)).toMatchObject({
      ok: false,
      error: { code: "unknown-point", fact: expect.stringContaining("has no point 20200101T000000Z-0000") },
    });
    await repair();
  });

  test("[chipster.9] a bit that flipped at the source stops that point, with the object's name, and no other", async () => {
    const { own, made } = await points("flipped", 3);
    const archive = inDirectory(own, "flipped");
    const [, second] = made as [Manifest, Manifest, Manifest];
    const { key } = artifactOf(second, "dump");
    const repair = await flip(fileOf(own, key));
    const { copied, problems, healthy } = await copyNow(own, archive);
    expect({ copied, healthy }).toEqual({ copied: [made[0]?.id, made[2]?.id], healthy: false });
    expect(problems).toEqual([{ point: second.id, fact: expect.stringContaining(key) }]);
    expect(await pointsOf(archive)).not.toContain(second.id);

    await repair();
    expect(await copyNow(own, archive)).toMatchObject({ copied: [second.id], healthy: true });
    expect(await wrongWith(archive, second.id)).toEqual([]);
  });

  test("[chipster.9] a bit that flipped among the snapshots' data is named, and no point that needs them is published", async () => {
    const { own, made } = await points("pack", 1);
    const archive = inDirectory(own, "pack");
    const folder = fileOf(own, "files/data");
    const [pack = ""] = (await readdir(folder, { recursive: true })).filter((name) => /^..\/[0-9a-f]{64}$/.test(name));
    const repair = await flip(path.join(folder, pack));
    const { copied, problems } = await copyNow(own, archive);
    expect(copied).toEqual([]);
    expect(problems).toEqual([{ point: made[0]?.id, fact: expect.stringContaining(`files/data/${pack}`) }]);
    expect(await pointsOf(archive)).toEqual([]);
    await repair();
    expect((await copyNow(own, archive)).healthy).toBe(true);
    expect(await wrongWith(archive, made[0]?.id ?? "")).toEqual([]);
  });

  test("what the first repository loses, lets expire or writes over stays in the copy, and the copy says so", async () => {
    const { own, made } = await points("kept", 3);
    const archive = await inBucket(own, "kept");
    await copyNow(own, archive);
    const before = await everything(storeOf(archive), "catalog/");

    await prune(own, { retention: { keepLast: 1, minimum: 1 } });
    expect(await pointsOf(own)).toEqual([made[2]?.id]);
    // Whoever has the writer's keys signs what he likes.
    const forged = { ...(made[2] as Manifest), host: "elsewhere" };
    await storeOf(own).remove(manifestKey(forged.id));
    for await (const { key, versionId } of storeOf(own).versions("catalog/")) await storeOf(own).remove(key, versionId);
    await publish(own, forged);

    const again = await copyNow(own, archive);
    expect(again).toMatchObject({ copied: [], healthy: false });
    expect(again.problems).toEqual([{ point: forged.id, fact: expect.stringContaining("another manifest") }]);
    expect(await everything(storeOf(archive), "catalog/")).toEqual(before);
    for (const { id } of made) expect(await wrongWith(archive, id)).toEqual([]);
  });

  test("a manifest that was written over on a versioned bucket is copied in its first version, and reported", async () => {
    const { own, made } = await points("over", 1);
    const archive = inDirectory(own, "over");
    await storeOf(own).put(manifestKey(made[0]?.id ?? ""), JSON.stringify({ manifest: {} }));
    const { copied, problems } = await copyNow(own, archive);
    expect(copied).toEqual([made[0]?.id]);
    expect(problems).toEqual([{ point: made[0]?.id, fact: expect.stringContaining("wrote over its manifest") }]);
    expect(await wrongWith(archive, made[0]?.id ?? "")).toEqual([]);
  });

  test("[chipster.7] the copy keeps by its own retention: what that let expire does not come back, what lies in the future is not taken", async () => {
    const { own, made } = await points("retained", 1);
    const [newest] = made as [Manifest];
    for (const day of [1, 2, 3]) await copyPoint(own, newest, idOf(day));
    const future = await copyPoint(own, newest, idOf(-2));
    const archive = inDirectory(own, "retained");
    const first = await copyNow(own, archive);
    expect(first.copied).toHaveLength(4);
    expect(first.problems).toEqual([{ point: future.id, fact: expect.stringContaining("future") }]);

    const retention = { keepLast: 2, minimum: 2 };
    const pruned = await prune(archive, { retention });
    expect(pruned.decisions.filter(({ keep }) => !keep)).toHaveLength(2);
    const again = await copyNow(own, archive, { retention });
    expect(again.copied).toEqual([]);
    expect(again.left.map(({ fact }) => fact)).toEqual(Array(2).fill(expect.stringContaining("retention")));
    expect(await pointsOf(archive)).toHaveLength(2);
    expect(await wrongWith(archive, newest.id)).toEqual([]);
  });

  test("[chipster.8] the keys of the first repository open nothing of the copy, and the copy's job needs its reader only", async () => {
    const { own, made } = await points("apart", 1);
    const [id] = made.map((manifest) => manifest.id) as [string];
    await own.s3.createBucket("apart");
    const [writer, reader, archiver] = await Promise.all(
      ["cluster-writer", "cluster-reader", "archiver"].map((name) => own.s3.createUser(name)),
    );
    if (!writer || !reader || !archiver) throw new Error("three users were made");
    const allow = (bucket: string, who: string, actions: readonly string[]) => ({
      Effect: "Allow",
      Principal: who,
      Action: actions.map((action) => `s3:${action}`),
      Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
    });
    const read = ["GetObject", "GetObjectVersion", "ListBucket", "ListBucketVersions", "GetBucketVersioning"];
    const write = [...read, "PutObject", "AbortMultipartUpload", "ListBucketMultipartUploads"];
    const admin = own.s3.client();
    const policy = (Bucket: string, Statement: readonly object[]) =>
      admin.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) }));
    await policy("backups", [allow("backups", writer.accessKeyId, write), allow("backups", reader.accessKeyId, read)]);
    await policy("apart", [allow("apart", archiver.accessKeyId, write)]);

    const [asReader, asArchiver] = [keysNamed("READER", reader), keysNamed("ARCHIVER", archiver)];
    const at = (bucket: string, role: "reader" | "writer", { refs }: ReturnType<typeof keysNamed>) => ({
      ...s3Location(own.s3.endpoint),
      bucket,
      credentials: { [role]: refs },
    });
    const job = copyJob(
      archiveOf(own, at("backups", "reader", asReader)),
      archiveOf(own, at("apart", "writer", asArchiver)),
    );
    // Nothing else is handed over: neither a signing key nor a password nor anybody's private key.
    const result = await world.run(job, { ...asReader.secrets, ...asArchiver.secrets });
    expect(succeeded(result, "copy").copied).toEqual([id]);

    const key = `prod/${own.plan.name}/${manifestKey(id)}`;
    const thief = own.s3.client(writer);
    for (const command of [
      new PutObjectCommand({ Bucket: "apart", Key: key, Body: "{}" }),
      new DeleteObjectCommand({ Bucket: "apart", Key: key }),
      new GetObjectCommand({ Bucket: "apart", Key: key }),
    ])
      await expect(thief.send(command as never)).rejects.toMatchObject({ name: "AccessDenied" });
    await thief.send(new PutObjectCommand({ Bucket: "backups", Key: `prod/${own.plan.name}/mine`, Body: "x" }));
    thief.destroy();
    admin.destroy();
    expect(await wrongWith(archiveOf(own, { ...s3Location(own.s3.endpoint), bucket: "apart" }), id)).toEqual([]);
  });

  test("a copy under the same place or of another environment is refused", async () => {
    const own = withPlan(world, "refused");
    const same = await own.run(copyJob(own, own));
    expect(same).toMatchObject({ ok: false, error: { code: "bad-spec", fact: expect.stringContaining("same place") } });
    const to = { ...inDirectory(own, "refused").plan.repository, environment: "uat" };
    expect(await own.run(copyJob(own, own, { to }))).toMatchObject({ ok: false, error: { code: "bad-spec" } });
  });

  test("a copy restores alone, with the first repository gone", async () => {
    const { own, made } = await points("alone", 1);
    const archive = inDirectory(own, "alone");
    await copyNow(own, archive);
    await world.s3.stop();
    expect(snapshotOf(made[0] as Manifest).id).toMatch(/^[0-9a-f]{64}$/);
    await world.sql("app", "DROP TABLE t");
    await writeFile(path.join(world.files, "a"), "something else");
    const { record } = await restoreWhole(archive, { plan: archive.plan });
    expect(record?.error).toBeUndefined();
    const { rows } = await world.sql("app", "SELECT count(*)::int AS n FROM t");
    expect(rows).toEqual([{ n: 500 }]);
    expect(await readFile(path.join(world.files, "a"), "utf8")).toBe("a".repeat(100_000));
  });
});
