import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCatalog } from "../../../runner/catalog/read-catalog.ts";
import { writeManifest } from "../../../runner/catalog/write-manifest.ts";
import { sign } from "../../../runner/crypto/signature.ts";
import { openStore } from "../../../runner/store/open-store.ts";
import type { Store } from "../../../runner/store/store.ts";
import {
  type Location,
  type Mark,
  manifestKey,
  markKey,
  newPointId,
  type Proof,
  proofKey,
  type Repository,
  repository as repositorySchema,
} from "../../../spec/index.ts";
import { type S3Server, startS3 } from "../../support/s3-server.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { s3Location, s3Secrets } from "../store/s3-location.ts";
import { testContext } from "../store/test-context.ts";
import { prover, sampleManifest, signedText, stranger, writer } from "./sample-point.ts";

const [FIRST, SECOND, THIRD] = ["20261119T010000Z-0001", "20261120T010000Z-0002", "20261121T010000Z-0003"] as const;

let server: S3Server;
beforeAll(async () => {
  server = await startS3();
  await server.createBucket("versioned");
  await server.createBucket("plain", { versioning: false });
});
afterAll(async () => {
  await server?.stop();
});

const world = () => testContext({ ...s3Secrets(server.root), WRITER: writer.privateKey });
const repositoryAt = (location: Location, more: Partial<Repository> = {}): Repository =>
  repositorySchema.parse({
    environment: "prod",
    location,
    trusted: [writer.publicKey],
    provers: [prover.publicKey],
    signingKey: { kind: "env", name: "WRITER" },
    ...more,
  });

let count = 0;
const places: [string, () => Promise<Location>][] = [
  ["S3 with versions", async () => s3Location(server, "versioned", { prefix: `p${count}` })],
  ["S3 without versions", async () => s3Location(server, "plain", { prefix: `p${count}` })],
  ["a directory", async () => ({ kind: "directory", path: await tempDir() })],
];
const open = async (place: () => Promise<Location>) => {
  count += 1;
  const repository = repositoryAt(await place());
  return { repository, store: openStore(world(), repository.location, "writer", "prod/packit/") };
};

describe.each(places)("the catalog in %s", (_, place) => {
  const read = (store: Store, repository: Repository, plan?: string) => readCatalog(world(), store, repository, plan);

  it("is empty where nothing was ever written", async () => {
    const { store, repository } = await open(place);
    expect(await read(store, repository)).toMatchObject({ points: [], unreadable: [] });
  });

  it("lists points oldest first, with their signatures, marks, proofs and stored bytes", async () => {
    const { store, repository } = await open(place);
    for (const id of [THIRD, FIRST]) await writeManifest(world(), store, repository, sampleManifest(id));
    await store.put(manifestKey(SECOND), signedText(sampleManifest(SECOND), stranger.privateKey));
    const at = new Date("2026-11-21T08:00:00Z");
    const mark: Mark = { version: 1, kind: "hold", point: FIRST, at: at.toISOString(), by: "ann", reason: "audit" };
    await store.put(markKey(FIRST, at, "hold"), JSON.stringify(mark));
    const proof: Proof = {
      version: 1,
      kind: "verify",
      point: THIRD,
      at: at.toISOString(),
      ok: true,
      checks: [],
      bytes: 1,
      seconds: 1,
      by: "x",
    };
    await store.put(proofKey(THIRD, at), JSON.stringify({ proof, signature: sign(prover.privateKey, "proof", proof) }));
    const own = new Date(at.getTime() + 1000);
    await store.put(
      proofKey(THIRD, own),
      JSON.stringify({
        proof: { ...proof, at: own.toISOString() },
        signature: sign(writer.privateKey, "proof", { ...proof, at: own.toISOString() }),
      }),
    );

    const { points, unreadable } = await read(store, repository, "packit");
    expect(unreadable).toEqual([]);
    expect(points.map(({ id, signature }) => [id, signature])).toEqual([
      [FIRST, "valid"],
      [SECOND, "untrusted"],
      [THIRD, "valid"],
    ]);
    expect(points[0]).toMatchObject({ marks: [mark], proofs: [], storedBytes: 1_234, extraVersions: 0 });
    // The writer's word is no proof.
    expect(points[2]?.proofs.map(({ signature }) => signature)).toEqual(["valid", "untrusted"]);
  });

  it("reports what cannot be read beside what can: broken, forged, misplaced", async () => {
    const { store, repository } = await open(place);
    await writeManifest(world(), store, repository, sampleManifest(FIRST));
    await store.put(manifestKey(SECOND), "{ half");
    await store.put(manifestKey(THIRD), signedText(sampleManifest(FIRST)));
    const id = (n: number) => `20261101T00000${n}Z-000${n}`;
    await store.put(manifestKey(id(1)), signedText(sampleManifest(id(1), { environment: "uat" })));
    await store.put(manifestKey(id(2)), signedText(sampleManifest(id(2), { plan: "other" })));
    await store.put(manifestKey(id(3)), JSON.stringify({ manifest: { ...sampleManifest(id(3)), version: 2 } }));
    await store.put("catalog/notes.txt", "x");
    await store.put(
      `marks/${FIRST}/x.json`,
      JSON.stringify({ version: 1, kind: "hold", point: SECOND, at: "2026-11-21T08:00:00Z", by: "x", reason: "x" }),
    );
    const { points, unreadable } = await read(store, repository, "packit");
    expect(points.map((point) => point.id)).toEqual([FIRST]);
    expect(points[0]?.marks).toEqual([]);
    const reasons = Object.fromEntries(unreadable.map(({ key, reason }) => [key, reason]));
    expect(reasons).toMatchObject({
      [manifestKey(SECOND)]: "it is not JSON",
      [manifestKey(THIRD)]: `it is the manifest of ${FIRST}`,
      [manifestKey(id(1))]: "it is of environment uat",
      [manifestKey(id(2))]: "it is of plan other",
      [manifestKey(id(3))]: expect.stringContaining("manifest.version"),
      "catalog/notes.txt": "its name is not a recovery point's",
      [`marks/${FIRST}/x.json`]: `it is about ${SECOND}`,
    });
    expect(unreadable).toHaveLength(7);
  });

  it("tells unsigned and changed manifests", async () => {
    const { store, repository } = await open(place);
    const { signingKey: _key, ...unsigned } = repository;
    const context = world();
    await writeManifest(context, store, unsigned, sampleManifest(FIRST));
    expect(context.warnings).toEqual([expect.stringContaining("unsigned")]);
    const changed = JSON.parse(signedText(sampleManifest(SECOND)));
    await store.put(
      manifestKey(SECOND),
      JSON.stringify({ ...changed, manifest: { ...changed.manifest, host: "evil" } }),
    );
    const { points } = await read(store, repository);
    expect(points.map(({ signature }) => signature)).toEqual(["none", "bad"]);
  });

  it("takes a manifest once: a second one is refused, the same one again is fine", async () => {
    const { store, repository } = await open(place);
    await writeManifest(world(), store, repository, sampleManifest(FIRST));
    await writeManifest(world(), store, repository, sampleManifest(FIRST));
    const other = writeManifest(world(), store, repository, sampleManifest(FIRST, { host: "other" }));
    await expect(other).rejects.toMatchObject({ code: "precondition-failed" });
    const { points } = await read(store, repository);
    expect(points).toMatchObject([{ extraVersions: 0, manifest: { host: "production2" } }]);
  });
});

describe("the catalog on a versioned bucket", () => {
  const place = places[0]?.[1] as () => Promise<Location>;

  it("counts the first version of a manifest, whatever was written over it, also under a delete marker", async () => {
    const { store, repository } = await open(place);
    for (const id of [FIRST, SECOND]) await writeManifest(world(), store, repository, sampleManifest(id));
    await store.put(manifestKey(FIRST), signedText(sampleManifest(FIRST, { host: "evil" })));
    await store.put(manifestKey(FIRST), "rubbish");
    await store.remove(manifestKey(SECOND));
    const { points, unreadable } = await readCatalog(world(), store, repository);
    expect(unreadable).toEqual([]);
    expect(
      points.map(({ id, extraVersions, signature, manifest: { host } }) => ({ id, extraVersions, signature, host })),
    ).toEqual([
      { id: FIRST, extraVersions: 2, signature: "valid", host: "production2" },
      { id: SECOND, extraVersions: 1, signature: "valid", host: "production2" },
    ]);
  });

  it("no longer lists a point whose manifest's versions were removed", async () => {
    const { store, repository } = await open(place);
    await writeManifest(world(), store, repository, sampleManifest(FIRST));
    await store.remove(manifestKey(FIRST));
    for await (const { key, versionId, deleteMarker } of store.versions("catalog/"))
      if (!deleteMarker) await store.remove(key, versionId);
    expect((await readCatalog(world(), store, repository)).points).toEqual([]);
  });
});

describe("a catalog of 5,000 points", () => {
  it("is read completely, a few objects at a time", async () => {
    const { store, repository } = await open(places[2]?.[1] as () => Promise<Location>);
    const ids = Array.from({ length: 5_000 }, (_, n) => newPointId(new Date(Date.UTC(2020, 0, 1) + n * 3_600_000), n));
    const text = signedText(sampleManifest(FIRST));
    // One real signature: signing five thousand would only make the test slow.
    const get = async (key: string) => ({ etag: "", body: Buffer.from(text.replaceAll(FIRST, key.slice(8, 29))) });
    let [running, most] = [0, 0];
    const large: Store = {
      ...store,
      list: async function* (prefix) {
        if (prefix === "catalog/") for (const id of ids) yield { key: manifestKey(id), bytes: 1, modified: new Date() };
      },
      get: async (key) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise(setImmediate);
        running -= 1;
        return get(key);
      },
    };
    const { points, unreadable } = await readCatalog(world(), large, repository);
    expect(unreadable).toEqual([]);
    expect(points.map(({ id }) => id)).toEqual(ids);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(16);
  });
});
