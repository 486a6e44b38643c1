import {
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { bucket } from "../../../runner/jobs/bucket.ts";
import { openStore } from "../../../runner/store/open-store.ts";
import { type BucketJob, bucketJob, bucketResult, type Statement } from "../../../spec/index.ts";
import { type S3Keys, type S3Server, startS3 } from "../../support/s3-server.ts";
import { type LifecycleStandIn, startLifecycleStandIn } from "../store/lifecycle-stand-in.ts";
import { s3Location, s3Secrets } from "../store/s3-location.ts";
import { testContext } from "../store/test-context.ts";

let server: S3Server;
let admin: S3Client;
beforeAll(async () => {
  server = await startS3();
  admin = server.client();
});
afterAll(async () => {
  admin?.destroy();
  await server?.stop();
});

const job = (name: string, more: Partial<BucketJob> = {}): BucketJob =>
  bucketJob.parse({
    kind: "bucket",
    version: 1,
    bucket: name,
    endpoint: server.endpoint,
    credentials: { accessKeyId: { kind: "env", name: "KEY" }, secretAccessKey: { kind: "env", name: "SECRET" } },
    mode: "create",
    ...more,
  });
const run = (value: BucketJob, keys: S3Keys = server.root) => bucket(testContext(s3Secrets(keys)), value);
const versionsIn = async (Bucket: string) => {
  const { Versions = [], DeleteMarkers = [] } = await admin.send(new ListObjectVersionsCommand({ Bucket }));
  return [...Versions, ...DeleteMarkers].map(({ Key }) => Key);
};
const retention = async (Bucket: string) => {
  const found = await admin.send(new GetObjectLockConfigurationCommand({ Bucket }));
  return found.ObjectLockConfiguration?.Rule?.DefaultRetention;
};

const LISTING = { Action: "s3:ListBucket", Resource: "arn:aws:s3:::granted" };
const putPolicy = (Statement: readonly object[]) => {
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
  return admin.send(new PutBucketPolicyCommand({ Bucket: "granted", Policy }));
};
const policy = async (): Promise<readonly Statement[]> => {
  const { Policy = "{}" } = await admin.send(new GetBucketPolicyCommand({ Bucket: "granted" }));
  return JSON.parse(Policy).Statement;
};
const as = async (keys: S3Keys, command: PutObjectCommand) => {
  const client = server.client(keys);
  try {
    return await client.send(command);
  } finally {
    client.destroy();
  }
};

describe("the bucket job", () => {
  it("creates a versioned bucket, says what the store can do and what takes the place of what it cannot", async () => {
    const result = await run(job("fresh"));
    const common = { version: 1, ok: true, started: "2026-11-21T00:00:00Z", finished: "2026-11-21T00:00:00Z" };
    expect(bucketResult.parse({ ...common, ...result })).toMatchObject({ bucket: "fresh", created: true });
    expect(result.abilities).toEqual([
      { name: "conditional-put", ok: true },
      { name: "md5", ok: true },
      { name: "versioning", ok: true },
      { name: "tagging", ok: true },
      { name: "lifecycle", ok: false, instead: "the pruning identity deletes" },
      { name: "lock", ok: false, instead: expect.stringContaining("keys can delete points") },
    ]);
    const versioning = await admin.send(new GetBucketVersioningCommand({ Bucket: "fresh" }));
    expect(versioning.Status).toBe("Enabled");
    expect(await versionsIn("fresh")).toEqual([]);
  });

  it("changes nothing when it runs again, and touches no object", async () => {
    const first = await run(job("again"));
    await admin.send(new PutObjectCommand({ Bucket: "again", Key: "a", Body: "kept" }));
    expect(await run(job("again"))).toEqual({ ...first, created: false });
    expect(await versionsIn("again")).toEqual(["a"]);
  });

  it("adopts a bucket that is there, switching its versioning on", async () => {
    await server.createBucket("adopted", { versioning: false });
    const { created, abilities } = await run(job("adopted", { mode: "adopt" }));
    expect(created).toBe(false);
    expect(abilities).toContainEqual({ name: "versioning", ok: true });
    expect(await versionsIn("adopted")).toEqual([]);
  });

  it("refuses to adopt one that is not there, and makes none", async () => {
    const refused = { code: "missing-bucket", fact: expect.stringContaining("s3://absent") };
    await expect(run(job("absent", { mode: "adopt" }))).rejects.toMatchObject(refused);
    await expect(run(job("absent", { mode: "adopt" }))).rejects.toMatchObject(refused);
  });

  it("says that a bucket is somebody else's, and leaves it as it is", async () => {
    await server.createBucket("theirs", { versioning: false });
    const keys = await server.createUser("stranger");
    const error = { code: "too-few-rights", fact: expect.stringContaining("somebody else's") };
    await expect(run(job("theirs"), keys)).rejects.toMatchObject(error);
    const { Status } = await admin.send(new GetBucketVersioningCommand({ Bucket: "theirs" }));
    expect(Status).not.toBe("Enabled");
  });

  it("sets a default retention, changes it when it is declared otherwise, and leaves no locked probe behind", async () => {
    const lock = { mode: "governance", days: 14 } as const;
    const { abilities } = await run(job("locked", { lock }));
    expect(abilities).toContainEqual({ name: "lock", ok: true });
    expect(await retention("locked")).toMatchObject({ Mode: "GOVERNANCE", Days: 14 });
    await run(job("locked", { lock }));
    await run(job("locked", { lock: { mode: "governance", days: 20 } }));
    expect(await retention("locked")).toMatchObject({ Mode: "GOVERNANCE", Days: 20 });
    expect(await versionsIn("locked")).toEqual([]);
  });

  it("refuses a lock on a bucket that was made without one, naming it", async () => {
    await server.createBucket("unlocked");
    const locking = run(job("unlocked", { mode: "adopt", lock: { mode: "compliance", days: 1 } }));
    await expect(locking).rejects.toMatchObject({
      code: "store-lacks",
      fact: expect.stringContaining("s3://unlocked"),
      hint: expect.stringContaining("when it is created"),
    });
  });

  it("grants beside the statements of others, and takes back what is no longer granted", async () => {
    const writer = await server.createUser("writer");
    const theirs = { Sid: "theirs", Effect: "Allow", Principal: writer.accessKeyId, ...LISTING };
    await server.createBucket("granted");
    await putPolicy([theirs]);
    const grants = [{ role: "writer", principal: writer.accessKeyId, prefix: "montagu" }] as const;
    const { abilities } = await run(job("granted", { grants: [...grants] }));
    expect(abilities).toContainEqual({
      name: "grants",
      ok: false,
      instead: expect.stringContaining("nothing is denied"),
    });
    const put = (Key: string) => as(writer, new PutObjectCommand({ Bucket: "granted", Key, Body: "x" }));
    await put("montagu/prod/app/artifacts/p/db");
    await expect(put("other/prod/app/artifacts/p/db")).rejects.toThrow("Access Denied");
    await expect(put("montagu/prod/app/marks/p/x.json")).rejects.toThrow("Access Denied");
    expect((await policy()).filter(({ Sid }) => Sid === "theirs")).toHaveLength(1);
    await run(job("granted"));
    expect(await policy()).toEqual([theirs]);
    await expect(put("montagu/prod/app/artifacts/p/db")).rejects.toThrow("Access Denied");
  });

  it("refuses a grant to an identity that the store does not know, in the store's own words", async () => {
    const grants = [{ role: "writer", principal: "nobody" }] as const;
    await expect(run(job("strange", { grants: [...grants] }))).rejects.toMatchObject({
      code: "bad-config",
      fact: expect.stringContaining("Invalid principal"),
      hint: expect.stringContaining("name each identity as this store does"),
    });
  });

  it("names wrong credentials and a store that does not answer", async () => {
    const wrong = { ...server.root, secretAccessKey: "wrong" };
    await expect(run(job("fresh"), wrong)).rejects.toMatchObject({ code: "bad-credentials" });
    await expect(run(job("fresh", { endpoint: "http://127.0.0.1:9" }))).rejects.toMatchObject({
      code: "store-unreachable",
    });
  });
});

describe("the bucket job on a store with a lifecycle", () => {
  const foreign =
    "<Rule><ID>logs</ID><Status>Enabled</Status><Filter><Prefix>logs/</Prefix></Filter><Expiration><Days>90</Days></Expiration></Rule>";
  const stale = foreign.replace("logs</ID>", "restorable-of-old</ID>");
  const start = async (rules?: string): Promise<LifecycleStandIn> => {
    const configuration = rules && `<LifecycleConfiguration>${rules}</LifecycleConfiguration>`;
    const standIn = await startLifecycleStandIn(server.endpoint, configuration);
    onTestFinished(() => standIn.stop());
    return standIn;
  };

  it("puts our rules beside those of others, once", async () => {
    const { endpoint, puts } = await start(foreign + stale);
    const { abilities } = await run(job("rules", { endpoint, noncurrentDays: 3, abortUploadsAfterDays: 5 }));
    expect(abilities).toContainEqual({ name: "lifecycle", ok: true });
    const ids = (xml: string | undefined) => [...(xml ?? "").matchAll(/<ID>([^<]*)<\/ID>/g)].map(([, id]) => id);
    expect(ids(puts[0])).toEqual([
      "logs",
      "restorable-expire-tagged",
      "restorable-delete-markers",
      "restorable-unfinished-uploads",
    ]);
    expect(puts[0]).toContain("<NoncurrentDays>3</NoncurrentDays>");
    expect(puts[0]).toContain("<DaysAfterInitiation>5</DaysAfterInitiation>");
    await run(job("rules", { endpoint, noncurrentDays: 3, abortUploadsAfterDays: 5 }));
    expect(puts).toHaveLength(1);
    await run(job("rules", { endpoint, noncurrentDays: 4, abortUploadsAfterDays: 5 }));
    expect(puts).toHaveLength(2);
    expect(ids(puts[1])).toEqual(ids(puts[0]));
  });

  it("after which a store there says that it expires by tag", async () => {
    const { endpoint } = await start();
    const store = () =>
      openStore(testContext(s3Secrets(server.root)), s3Location(server, "tagged", { endpoint }), "pruner", "");
    await run(job("tagged", { endpoint: server.endpoint }));
    expect(await store().expiresByTag()).toBe(false);
    await run(job("tagged", { endpoint }));
    expect(await store().expiresByTag()).toBe(true);
  });
});
