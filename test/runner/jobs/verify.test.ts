import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { generateIdentity } from "age-encryption";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Artifact, Manifest, Plan, Proof, ResultOf } from "../../../spec/index.ts";
import { tools } from "../../support/tools.ts";
import { backupOf, catalogOf, makeWorld, pointIdentity, signingKeys, succeeded, type World } from "../world.ts";
import { artifactOf, copyPoint, fileOf, idOf, storeOf, withArtifact } from "./points.ts";

describe.each([
  ["verify · postgres, versitygw", "s3"],
  ["verify · postgres, directory", "directory"],
] as const)("%s", (_title, kind) => {
  let world: World;
  let good: Manifest;
  let identity: string;
  let copies = 0;

  beforeAll(async () => {
    world = await makeWorld({ repository: kind });
    await world.sql(
      "app",
      "CREATE TABLE first AS SELECT n, md5(n::text) AS text FROM generate_series(1, 20000) n; CREATE TABLE last AS SELECT n, md5(n::text) AS text FROM generate_series(1, 20000) n",
    );
    for (const name of ["a", "b", "c"]) await writeFile(path.join(world.files, name), randomBytes(200_000));
    await symlink("a", path.join(world.files, "z"));
    good = await backupOf(world);
    identity = await pointIdentity(world, world.plan, good.id);
  });
  afterAll(() => world.close());

  const verifying = (point: string, more: object = {}, plan: Plan = world.plan) =>
    ({
      kind: "verify",
      version: 1,
      repository: plan.repository,
      plan: plan.name,
      point,
      identity: { kind: "env", name: "POINT_IDENTITY" },
      record: false,
      ...more,
    }) as const;

  const verify = async (point: string, more: object = {}, plan = world.plan): Promise<ResultOf<"verify">> =>
    succeeded(await world.run(verifying(point, more, plan), { POINT_IDENTITY: identity }), "verify");

  const failedChecks = ({ proof }: { proof: Proof }) => proof.checks.filter(({ ok }) => !ok);

  /** A point whose objects a test may damage. */
  const another = (change?: (copy: Manifest) => Promise<Manifest>): Promise<Manifest> => {
    copies += 1;
    return copyPoint(world, good, idOf(30, copies), change);
  };

  const openFile = (artifact: Artifact): Buffer => {
    const { age, zstd } = tools();
    const plain = execFileSync(age, ["--decrypt", "--identity", "-", fileOf(world, artifact.key)], {
      input: `${identity}\n`,
      maxBuffer: 2 ** 30,
    });
    return execFileSync(zstd, ["--decompress", "--stdout"], { input: plain, maxBuffer: 2 ** 30 });
  };

  const closed = (plain: Buffer): Buffer => {
    const { age, zstd } = tools();
    const small = execFileSync(zstd, ["--compress", "--stdout"], { input: plain, maxBuffer: 2 ** 30 });
    return execFileSync(age, ["--encrypt", "--recipient", good.identity.recipient], {
      input: small,
      maxBuffer: 2 ** 30,
    });
  };

  /** A point whose artifact is sound on its outside: digest, encryption and compression are right. */
  const rewritten = (role: Artifact["role"], change: (plain: Buffer) => Buffer): Promise<Manifest> =>
    another((copy) => withArtifact(world, copy, role, closed(change(openFile(artifactOf(good, role))))));

  test("[core.8] a good point is read to its end: signature, digests, key, decryption, pg_restore, tar", async () => {
    const { proof, proofKey } = await verify(good.id);
    expect(failedChecks({ proof })).toEqual([]);
    const words = proof.checks.map(({ name, detail }) => `${name}: ${detail}`).join("\n");
    expect(words).toContain("signed by a trusted key");
    expect(words).toContain("through pg_restore to the end");
    expect(words).toContain("3 files of 600000 bytes");
    expect(words).toContain("identity.age");
    expect(proofKey).toBeUndefined();
  });

  test.each([40, 75, 98])(
    "[core.8] a dump cut at %i per cent before its encryption: `pg_restore --list` accepts it, verify does not",
    async (percent) => {
      const cut = (plain: Buffer) => plain.subarray(0, Math.floor((plain.length * percent) / 100));
      const archive = path.join(world.directory, "cut.dump");
      await writeFile(archive, cut(openFile(artifactOf(good, "dump"))));
      const listed = execFileSync(path.join(world.postgres.bin, "pg_restore"), ["--list", archive]).toString();
      expect(listed).toContain("TABLE DATA public last");

      const { id, ...manifest } = await rewritten("dump", cut);
      const [failed, ...others] = failedChecks(await verify(id));
      expect(others).toEqual([]);
      expect(failed?.name).toBe(artifactOf({ id, ...manifest }, "dump").key);
      expect(failed?.detail).toMatch(/pg_restore/);
    },
  );

  test.each([
    ["file", "c"],
    ["symbolic link", "z"],
  ])("[core.8] a tar cut just before its last %s: tar accepts it, verify does not", async (_what, name) => {
    const archive = path.join(world.directory, "whole.tar");
    const plain = openFile(artifactOf(good, "files"));
    await writeFile(archive, plain);
    const members = execFileSync("tar", ["--list", "--block-number", "--file", archive]).toString();
    const block = Number(new RegExp(`block (\\d+): \\./${name}$`, "m").exec(members)?.[1]);
    expect(block).toBeGreaterThan(0);
    await truncate(archive, block * 512);
    expect(execFileSync("tar", ["--list", "--file", archive]).toString()).not.toContain(`./${name}\n`);

    const manifest = await rewritten("files", (whole) => whole.subarray(0, block * 512));
    const [failed, ...others] = failedChecks(await verify(manifest.id));
    expect(others).toEqual([]);
    expect(failed?.name).toBe(artifactOf(manifest, "files").key);
    expect(failed?.detail).toContain("where the manifest says");
  });

  test.each([
    ["at the start", () => 0],
    ["in the middle", (length: number) => Math.floor(length / 2)],
    ["in the last block", (length: number) => length - 5],
  ])("[core.8] one flipped bit %s of a dump, and of a tree", async (_where, at) => {
    const manifest = await another();
    for (const role of ["dump", "files"] as const) {
      const file = fileOf(world, artifactOf(manifest, role).key);
      const body = await readFile(file);
      const place = at(body.length);
      body[place] = (body[place] ?? 0) ^ 1;
      await writeFile(file, body);
    }
    const failed = failedChecks(await verify(manifest.id));
    expect(failed.map(({ name }) => name)).toEqual([
      artifactOf(manifest, "dump").key,
      artifactOf(manifest, "files").key,
    ]);
    // Without the key the digest alone finds it.
    const closedBook = await verify(manifest.id, { identity: undefined });
    expect(failedChecks(closedBook).map(({ detail }) => detail)).toEqual([
      expect.stringContaining("another SHA-256"),
      expect.stringContaining("another SHA-256"),
    ]);
  });

  test("[core.8] a missing artifact, and a missing key of the point, are found and named", async () => {
    const manifest = await another();
    const globals = artifactOf(manifest, "globals");
    await storeOf(world).remove(globals.key, globals.versionId);
    await storeOf(world).remove(manifest.identity.key, manifest.identity.versionId);
    const failed = failedChecks(await verify(manifest.id));
    expect(failed.map(({ name }) => name)).toEqual([manifest.identity.key, globals.key]);
    for (const { detail } of failed) expect(detail).toContain("is not in");
  });

  test("another key of the point, put under its name", async () => {
    const manifest = await another();
    await rm(fileOf(world, manifest.identity.key));
    await writeFile(fileOf(world, manifest.identity.key), "age-encryption.org/v1\n");
    const [failed] = failedChecks(await verify(manifest.id));
    expect(failed?.name).toBe(manifest.identity.key);
  });

  test("without a key only digests are compared, the result says so, and nothing is proven by it", async () => {
    const { proof, proofKey } = await verify(good.id, { identity: undefined, record: true });
    expect(proof.ok).toBe(true);
    const details = proof.checks.filter(({ name }) => /\.zst\.age$/.test(name)).map(({ detail }) => detail);
    expect(details).toHaveLength(3);
    for (const detail of details) expect(detail).toContain("not decrypted, because no key was given");
    expect(proofKey).toBeUndefined();
  });

  test("a key of another point is refused; it says nothing about this one, so nothing is recorded", async () => {
    const before = await catalogOf(world);
    const result = await world.run(verifying(good.id, { record: true }), {
      POINT_IDENTITY: await generateIdentity(),
    });
    expect(result).toMatchObject({ ok: false, error: { code: "wrong-key" } });
    expect((await catalogOf(world)).points).toEqual(before.points);
  });

  test("a proof is written and signed, and proves the point only by a trusted prover's key", async () => {
    const manifest = await another();
    const proofs = async () => (await catalogOf(world)).points.find(({ id }) => id === manifest.id)?.proofs ?? [];
    const { proofKey } = await verify(manifest.id, { record: true });
    expect(proofKey).toContain(manifest.id);
    expect(await proofs()).toMatchObject([{ signature: "valid", proof: { ok: true, point: manifest.id } }]);

    const stranger = { PROVER_KEY: signingKeys().privateKey, POINT_IDENTITY: identity };
    succeeded(await world.run(verifying(manifest.id, { record: true }), stranger), "verify");
    expect((await proofs()).map(({ signature }) => signature)).toEqual(["valid", "untrusted"]);

    const file = fileOf(world, artifactOf(manifest, "dump").key);
    await truncate(file, artifactOf(manifest, "dump").bytes - 1);
    expect((await verify(manifest.id, { record: true })).proof.ok).toBe(false);
    expect((await proofs()).at(-1)).toMatchObject({ signature: "valid", proof: { ok: false } });
  });

  test("an unsigned point can be verified, and the result says that it is not signed", async () => {
    const id = idOf(40);
    await copyPoint(world, good, id);
    const { manifest } = JSON.parse((await storeOf(world).get(`catalog/${id}.json`))?.body.toString() ?? "");
    for await (const { key, versionId } of storeOf(world).versions(`catalog/${id}`))
      await storeOf(world).remove(key, versionId);
    await storeOf(world).put(`catalog/${id}.json`, JSON.stringify({ manifest }));
    expect(failedChecks(await verify(id))).toEqual([
      { name: "signature", ok: false, detail: "the manifest's signature is 'none'" },
    ]);
  });
});
