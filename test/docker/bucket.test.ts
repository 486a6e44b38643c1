import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import {
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectTaggingCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
  PutObjectTaggingCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPlanStore } from "../../runner/jobs/plan-store.ts";
import { namedCopies } from "../../runner/objects/named-copies.ts";
import { sweepCopies } from "../../runner/prune/sweep-copies.ts";
import { retireRemoved } from "../../runner/restic/retire-removed.ts";
import { takeLease } from "../../runner/store/lease.ts";
import {
  artifactKey,
  EXPIRE_TAG,
  LEASE_KEY,
  type Manifest,
  manifestKey,
  type Role,
  type SecretRef,
} from "../../spec/index.ts";
import { mark, prune, wrongWith } from "../runner/jobs/series.ts";
import { testContext } from "../runner/store/test-context.ts";
import { backupOf, catalogOf, restoreWhole, succeeded } from "../runner/world.ts";
import { messages } from "../support/engine-events.ts";
import { waitFor } from "../support/wait-for.ts";
import { type BucketOfKind, type Buckets, KINDS, type Kind, makeBuckets } from "./support/buckets.ts";

describe("buckets · docker, ceph rgw, pulumi's engine", () => {
  let buckets: Buckets;
  const points = new Map<Kind, readonly Manifest[]>();

  beforeAll(async () => {
    buckets = await makeBuckets();
    for (const kind of KINDS) {
      const taken: Manifest[] = [];
      for (let count = 0; count < 3; count += 1) taken.push(await backupOf(buckets.kinds[kind].world));
      points.set(kind, taken);
    }
  });
  afterAll(() => buckets?.close());

  const newestOf = (kind: Kind) => points.get(kind)?.at(-1) as Manifest;

  describe.each(KINDS)("%s", (kind) => {
    const own = (): BucketOfKind => buckets.kinds[kind];
    const at = (key: string) => ({ Bucket: own().bucket, Key: `backups/prod/${kind}/${key}` });
    const as = (role: Role): S3Client => own().as[role];
    const put = (role: Role, key: string) => as(role).send(new PutObjectCommand({ ...at(key), Body: "x" }));
    const tag = (role: Role, key: string, VersionId?: string) =>
      as(role).send(new PutObjectTaggingCommand({ ...at(key), VersionId, Tagging: { TagSet } }));
    const remove = (role: Role, key: string, VersionId?: string) =>
      as(role).send(new DeleteObjectCommand({ ...at(key), VersionId }));

    test("the writer is refused deleting, tagging, sharing, marks, proofs and what is another environment's", async () => {
      const { id, identity } = newestOf(kind);
      const foreign = { Bucket: own().bucket, Key: "backups/uat/app/artifacts/x", Body: "x" };
      for (const request of [
        () => remove("writer", identity.key),
        () => remove("writer", identity.key, identity.versionId),
        () => tag("writer", identity.key),
        () => tag("writer", identity.key, identity.versionId),
        () => as("writer").send(new DeleteObjectTaggingCommand(at(identity.key))),
        () => as("writer").send(new PutObjectAclCommand({ ...at(identity.key), ACL: "public-read" })),
        () => put("writer", `marks/${id}/20261121T000000.000Z-expire.json`),
        () => put("writer", `proofs/${id}/20261121T000000.000Z.json`),
        () => as("writer").send(new PutObjectCommand(foreign)),
        () => as("writer").send(new ListObjectsV2Command({ Bucket: own().bucket, Prefix: "backups/uat/" })),
        () => as("writer").send(new PutBucketPolicyCommand({ Bucket: own().bucket, Policy: "{}" })),
      ]) {
        await refused(request);
      }
      await put("writer", "files/locks/one");
      await remove("writer", "files/locks/one");
    });

    test("the reader reads everything and is refused writing", async () => {
      const { identity } = newestOf(kind);
      expect((await catalogOf(own().world)).points).toHaveLength(3);
      expect(await wrongWith(own().world, newestOf(kind).id)).toEqual([]);
      for (const request of [
        () => put("reader", "artifacts/x/y"),
        () => put("reader", LEASE_KEY),
        () => remove("reader", identity.key),
        () => tag("reader", identity.key, identity.versionId),
        () => as("reader").send(new CreateMultipartUploadCommand(at("artifacts/x/y"))),
      ]) {
        await refused(request);
      }
    });

    test("the prover writes proofs, and is refused everything else, reading included", async () => {
      const { id, identity } = newestOf(kind);
      expect(await wrongWith(own().world, id, true)).toEqual([]);
      const [point] = (await catalogOf(own().world)).points.filter((found) => found.id === id);
      expect(point?.proofs).toMatchObject([{ signature: "valid", proof: { ok: true } }]);
      for (const request of [
        () => put("prover", manifestKey(id)),
        () => put("prover", "files/data/00"),
        () => tag("prover", identity.key),
        () => remove("prover", identity.key),
        () => as("prover").send(new GetObjectCommand(at(identity.key))),
        () => as("prover").send(new ListObjectsV2Command({ Bucket: own().bucket })),
      ]) {
        await refused(request);
      }
    });

    test("of ten that want the lease one gets it, although this store looks at no condition in a versioned bucket", async () => {
      const { world } = own();
      const context = () =>
        testContext({}, { secret: (ref) => (ref.kind === "env" ? (world.secrets[ref.name] ?? "") : "") });
      const store = () => openPlanStore(context(), world.plan.repository, "contended", "writer");
      const take = () => takeLease(context(), store(), { job: "backup", seconds: 60 });
      for (const round of ["first", "second"]) {
        const tries = await Promise.allSettled(Array.from({ length: 10 }, take));
        const won = tries.filter((result) => result.status === "fulfilled");
        expect(won.length, round).toBe(1);
        await won[0]?.value.check();
        await won[0]?.value.release();
      }
    });

    test("what the writer writes over a key is a version more: the old one restores, and a check names it", async () => {
      const { world } = own();
      const { id, sources, identity } = newestOf(kind);
      const artifact = sources[0]?.artifacts[0];
      if (!artifact) throw new Error("a point has an artifact");
      for (const key of [manifestKey(id), artifact.key, identity.key]) await put("writer", key);
      expect(await wrongWith(world, id)).toEqual([]);
      const directory = path.join(world.directory, `restored-${kind}`);
      const { record } = await restoreWhole(world, { request: { id: kind, point: id, into: { directory } } });
      expect(record?.error).toBeUndefined();
      expect(await readFile(path.join(directory, "a"), "utf8")).toBe("content");
      const { repository, name, schedule } = world.plan;
      const job = { kind: "check", version: 1, repository, plan: name, schedule } as const;
      const { healthy, checks } = succeeded(await world.run(job), "check");
      expect(healthy).toBe(false);
      expect(checks.filter(({ ok }) => !ok).map(({ detail }) => detail)).toContainEqual(
        expect.stringMatching(new RegExp(`manifest of ${id} has 1 more version`)),
      );
    });

    test("the pruner tags, marks and keeps restic's files, and is refused everything that is not its own", async () => {
      const { id, identity } = newestOf(kind);
      for (const request of [
        () => put("pruner", manifestKey(id)),
        () => put("pruner", artifactKey(id, "x")),
        () => put("pruner", LEASE_KEY),
        () => put("pruner", `proofs/${id}/x.json`),
        () => remove("pruner", identity.key),
        () => remove("pruner", identity.key, identity.versionId),
        () => remove("pruner", manifestKey(id)),
      ]) {
        await refused(request);
      }
      await put("pruner", "files/index/one");
      await remove("pruner", "files/index/one");
      expect(await mark(own().world, id, "hold")).toContain(`marks/${id}/`);
    });

    test("the lifecycle removes what prune tagged, current and noncurrent, with markers and uploads, and nothing else", async () => {
      const { world } = own();
      const [first, second, newest] = points.get(kind) as [Manifest, Manifest, Manifest];
      // Written over by somebody: the good version is no longer the current one, and nobody has tagged it.
      const upload = await as("writer").send(new CreateMultipartUploadCommand(at("artifacts/unfinished")));
      const part = { ...at("artifacts/unfinished"), UploadId: upload.UploadId, PartNumber: 1, Body: "x" };
      await as("writer").send(new UploadPartCommand(part));
      await put("writer", artifactKey(first.id, "written-over"));
      await put("writer", artifactKey(first.id, "written-over"));
      const before = await versions();
      const { how, decisions } = await prune(world, { retention: { keepLast: 1, minimum: 1 } });
      expect(how).toBe("tagged");
      expect(
        decisions
          .filter(({ keep }) => !keep)
          .map(({ point }) => point)
          .sort(),
      ).toEqual([first.id, second.id]);
      const ofPruned = (line: string) => line.includes(first.id) || line.includes(second.id);
      await waitFor("the pruned points to be gone", async () => !(await versions()).some(ofPruned), PATIENCE);
      await waitFor("the unfinished upload to be gone", async () => (await uploads()).length === 0, PATIENCE);
      const kept = before.filter((line) => !ofPruned(line));
      expect(kept.filter((line) => line.includes(newest.id)).length).toBeGreaterThan(5);
      expect(await versions()).toEqual(expect.arrayContaining(kept));
      expect((await catalogOf(world)).points.map(({ id }) => id)).toEqual([newest.id]);
      expect(await wrongWith(world, newest.id)).toEqual([]);
    });

    const versions = async (): Promise<string[]> => {
      const { Versions = [] } = await buckets.owner.send(new ListObjectVersionsCommand({ Bucket: own().bucket }));
      return Versions.map(({ Key, VersionId }) => `${Key} ${VersionId}`);
    };
    const uploads = async () => {
      const { Uploads = [] } = await buckets.owner.send(new ListMultipartUploadsCommand({ Bucket: own().bucket }));
      return Uploads;
    };
  });

  test.each(["governance", "compliance"])("a %s lock refuses deletion, the lifecycle's too", async (bucket) => {
    const { owner } = buckets;
    // Long enough to be ahead of us still when a busy machine has sent it; the store counts in whole seconds.
    const soon = new Date(Date.now() + 8000);
    const short = { ObjectLockMode: "GOVERNANCE", ObjectLockRetainUntilDate: soon } as const;
    const put = (Key: string, more: object = {}) =>
      owner.send(new PutObjectCommand({ Bucket: bucket, Key, Body: "x", ...more }));
    const [locked, control] = [await put("locked"), await put("control", short)];
    const tagged = (Key: string, VersionId?: string) =>
      owner.send(new PutObjectTaggingCommand({ Bucket: bucket, Key, VersionId, Tagging: { TagSet } }));
    await tagged("locked", locked.VersionId);
    await tagged("control", control.VersionId);
    const remove = (more: object = {}) =>
      owner.send(new DeleteObjectCommand({ Bucket: bucket, Key: "locked", VersionId: locked.VersionId, ...more }));
    await refused(() => remove());
    await waitFor(
      "what is locked no longer to be gone",
      async () => !(await keysIn(bucket)).includes("control"),
      PATIENCE,
    );
    expect(await keysIn(bucket)).toContain("locked");
    if (bucket === "compliance") await refused(() => remove({ BypassGovernanceRetention: true }));
    else await remove({ BypassGovernanceRetention: true });
  });

  describe("points that share restic's packs and copies of objects, in a locked bucket", () => {
    const own = () => buckets.locked;
    const media = (name: string) => ({ Bucket: "media", Key: name });
    const changing = () => writeFile(path.join(own().world.directory, "shared/changing"), randomBytes(200_000));
    let second: Manifest;

    beforeAll(async () => {
      const { owner } = buckets;
      await allowOwner();
      await writeFile(path.join(own().world.directory, "shared/always"), randomBytes(200_000));
      for (const name of ["kept", "gone"]) await owner.send(new PutObjectCommand({ ...media(name), Body: name }));
      await changing();
      await backupOf(own().world);
      await changing();
      await owner.send(new DeleteObjectCommand(media("gone")));
      second = await backupOf(own().world);
    });

    /** To this gateway an object is whose identity wrote it, and the bucket's owner may not change its lock. */
    const allowOwner = async (): Promise<void> => {
      const { bucket: Bucket } = own();
      const { Policy = "" } = await buckets.owner.send(new GetBucketPolicyCommand({ Bucket }));
      const { Version, Statement } = JSON.parse(Policy);
      const Principal = { AWS: "arn:aws:iam:::user/owner" };
      const all = { Effect: "Allow", Principal, Action: "s3:*", Resource: [`arn:aws:s3:::${Bucket}/*`] };
      const changed = JSON.stringify({ Version, Statement: [...Statement, all] });
      await buckets.owner.send(new PutBucketPolicyCommand({ Bucket, Policy: changed }));
    };

    /** Every version below some part of the plan, and whether it is the newest one. */
    const versions = async (below: string) => {
      const Prefix = `backups/prod/locked/${below}`;
      const found = await buckets.owner.send(new ListObjectVersionsCommand({ Bucket: own().bucket, Prefix }));
      const removed = new Set((found.DeleteMarkers ?? []).flatMap(({ Key, IsLatest }) => (IsLatest ? [Key] : [])));
      return (found.Versions ?? []).map(({ Key = "", VersionId }) => ({ Key, VersionId, removed: removed.has(Key) }));
    };
    type Version = Awaited<ReturnType<typeof versions>>[number];
    const at = ({ Key, VersionId }: Version) => ({ Bucket: own().bucket, Key, VersionId });
    /** As time does: their locks end now. */
    const unlock = async (of: readonly Version[]): Promise<void> => {
      let last = 0;
      for (const version of of) {
        // Still ahead of the store's clock when a busy machine has sent it.
        last = Math.ceil(Date.now() / 1000) * 1000 + 5_000;
        const Retention = { Mode: "GOVERNANCE", RetainUntilDate: new Date(last) } as const;
        await buckets.owner.send(
          new PutObjectRetentionCommand({ ...at(version), Retention, BypassGovernanceRetention: true }),
        );
      }
      await waitFor("locks to end", () => Date.now() > last + 1000);
    };

    /** The first one is tagged, and stays for as long as it is locked. */
    const kept = async () => (await catalogOf(own().world)).points.filter(({ id }) => id === second.id);
    const pruner = () => {
      const { plan, secrets } = own().world;
      const secret = (ref: SecretRef) => (ref.kind === "env" ? (secrets[ref.name] ?? "") : "");
      const context = testContext({}, { secret });
      return { context, store: openPlanStore(context, plan.repository, plan.name, "pruner") };
    };

    test("what the newest point needs cannot be deleted when the lock of the first one has ended", async () => {
      const unlocked = [...(await versions("files")), ...(await versions("objects/"))];
      await unlock(unlocked);
      const { forgotten } = await prune(own().world, { retention: { keepLast: 1, minimum: 1 } });
      expect(forgotten).toBe(1);
      const copies = await versions("objects/");
      const named = new Set<string>();
      const { context, store } = pruner();
      for await (const { stored } of namedCopies(context, store, await kept())) named.add(stored);
      const needed = [
        ...(await versions("files")).filter(({ Key, removed }) => !removed && !Key.includes("/files/locks/")),
        ...copies.filter(({ Key }) => named.has(Key.replace("backups/prod/locked/", ""))),
      ];
      expect(needed.filter(({ Key }) => Key.includes("/files/data/")).length).toBeGreaterThan(1);
      expect([copies.length, named.size]).toEqual([2, 1]);
      for (const version of needed) await refused(() => buckets.owner.send(new DeleteObjectCommand(at(version))));
      // It is the lock that refuses: where that has ended, nothing does.
      // Not one of the prune's own, which are locked as everything new is.
      const open = unlocked.find(({ Key, removed }) => removed && Key.includes("/files/locks/"));
      await buckets.owner.send(new DeleteObjectCommand(at(open as Version)));
      expect(await wrongWith(own().world, second.id)).toEqual([]);
    });

    test("what restic removed and copies that no point names go by the lifecycle, and nothing else does", async () => {
      const { context, store } = pruner();
      const before = await versions("");
      const removed = before.filter(({ Key, removed }) => removed && Key.includes("/files/"));
      // Their last locks are as young as the prune that removed them.
      await unlock(removed);
      expect(await retireRemoved(context, store, -1)).toBe(removed.length);
      expect(await sweepCopies(context, store, await kept(), true, -1)).toBe(1);
      const copies = (all: readonly Version[]) => all.filter(({ Key }) => Key.includes("/objects/")).length;
      const gone = (all: readonly Version[]) =>
        copies(all) === 1 && !all.some(({ VersionId }) => removed.some((one) => one.VersionId === VersionId));
      await waitFor("what was tagged to be gone", async () => gone(await versions("")), PATIENCE);
      const left = new Set((await versions("")).map(({ VersionId }) => VersionId));
      const lost = before.filter(({ VersionId }) => !left.has(VersionId));
      expect(removed.filter(({ Key }) => Key.includes("/files/data/")).length).toBeGreaterThan(0);
      expect(lost.length).toBe(removed.length + 1);
      expect(await wrongWith(own().world, second.id)).toEqual([]);
    });
  });

  const keysIn = async (Bucket: string) => {
    const { Versions = [] } = await buckets.owner.send(new ListObjectVersionsCommand({ Bucket }));
    return Versions.map(({ Key }) => Key);
  };

  test("what a store lacks is said at deployment, with what takes its place", () => {
    const warnings = messages(buckets.up.events, "warning");
    expect(warnings).toContainEqual(
      expect.stringContaining("the store has no lifecycle; instead: the pruning identity deletes"),
    );
    expect(warnings).toContainEqual(
      expect.stringContaining("the store has no conditional-put; instead: the order of versions"),
    );
    expect(warnings).not.toContainEqual(expect.stringContaining("bucket's own credentials"));
  });

  test("everything that AWS is told was applied, but for what this gateway cannot do, and that is said", async () => {
    const left = await buckets.aws.leftOut();
    expect([...new Set(left.map(({ type }) => type.replace(/^.*:/, "")))].sort()).toEqual([
      "BucketOwnershipControls",
      "BucketPublicAccessBlock",
      "BucketServerSideEncryptionConfiguration",
    ]);
  });

  test("a second update changes nothing, and the keys of identities are nowhere in the state in clear", async () => {
    const { stack } = buckets.aws;
    const again = await stack.up();
    expect(again.ok, again.text).toBe(true);
    expect(Object.keys(again.changes)).toEqual(["same"]);
    const state = JSON.stringify(await stack.export());
    const { secrets } = buckets.kinds.amazon.world;
    for (const [name, value] of Object.entries(secrets)) {
      if (/SECRET|KEY$/.test(name) && !name.endsWith("KEY_ID")) expect(state.includes(value), name).toBe(false);
    }
  });
});

/** Seconds for a few days of this gateway's lifecycle, which works them off one bucket after the other. */
const PATIENCE = { seconds: 300, every: 500 };

const TagSet = Object.entries(EXPIRE_TAG).map(([Key, Value]) => ({ Key, Value }));

async function refused(request: () => Promise<unknown>): Promise<void> {
  await expect(request(), String(request)).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
}
