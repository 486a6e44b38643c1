import {
  DeleteObjectCommand,
  GetObjectRetentionCommand,
  PutObjectCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { extendLocks } from "../../../runner/prune/extend-locks.ts";
import { openStore } from "../../../runner/store/open-store.ts";
import type { Store } from "../../../runner/store/store.ts";
import { FILES_PASSWORD_KEY, JobError, pointTime } from "../../../spec/index.ts";
import { type S3Server, startS3 } from "../../support/s3-server.ts";
import { sampleManifest, samplePoint } from "../catalog/sample-point.ts";
import { s3Location, s3Secrets } from "../store/s3-location.ts";
import { testContext } from "../store/test-context.ts";

const DAYS = 3;
const DAY = 86_400_000;
const PREFIX = "prod/packit/";

let server: S3Server;
let admin: S3Client;
beforeAll(async () => {
  server = await startS3();
  admin = server.client();
  await server.createBucket("locked", { objectLock: true });
  await server.createBucket("free");
  const Rule = { DefaultRetention: { Mode: "GOVERNANCE", Days: DAYS } } as const;
  const ObjectLockConfiguration = { ObjectLockEnabled: "Enabled", Rule } as const;
  await admin.send(new PutObjectLockConfigurationCommand({ Bucket: "locked", ObjectLockConfiguration }));
});
afterAll(async () => {
  admin?.destroy();
  await server?.stop();
});

/** In whole seconds, as stores keep it. */
const fromNow = (days: number): Date => new Date(Math.floor(Date.now() / 1000 + days * 86_400) * 1000);

/** An object whose lock ends at some instant, as that of one which was written earlier. */
const written = async (key: string, RetainUntilDate: Date): Promise<string | undefined> => {
  const put = { Bucket: "locked", Key: PREFIX + key };
  const { VersionId } = await admin.send(new PutObjectCommand({ ...put, Body: "x" }));
  const at = { ...put, VersionId };
  const Retention = { Mode: "GOVERNANCE", RetainUntilDate } as const;
  await admin.send(new PutObjectRetentionCommand({ ...at, Retention, BypassGovernanceRetention: true }));
  return VersionId;
};
const lockOf = async (key: string, VersionId?: string): Promise<Date | undefined> => {
  const found = await admin.send(new GetObjectRetentionCommand({ Bucket: "locked", Key: PREFIX + key, VersionId }));
  return found.Retention?.RetainUntilDate;
};

/** A point of incremental files that was taken some days ago. */
const pointOf = (days: number) => {
  const id = `${new Date(Date.now() - days * DAY).toISOString().slice(0, 19).replace(/[-:]/g, "")}Z-7f3a`;
  const snapshot = { id: "0".repeat(64), files: 1, bytes: 5, addedBytes: 5, packedBytes: 5 };
  const sources = sampleManifest(id).sources.map((entry) => ({ ...entry, artifacts: [], snapshot }));
  return samplePoint(id, "valid", { manifest: { ...sampleManifest(id), sources } as never });
};

const context = () => testContext(s3Secrets(server.root));
const open = (bucket: string): Store => openStore(context(), s3Location(server, bucket), "pruner", PREFIX);

test("what points share is locked as long as the newest of them; nothing is shortened, and nothing else is locked", async () => {
  const [soon, late] = [fromNow(0.5), fromNow(DAYS + 9)];
  for (const key of ["files/data/00/old", "files/config", FILES_PASSWORD_KEY]) await written(key, soon);
  for (const key of ["files/locks/one", "artifacts/x/db.dump.zst"]) await written(key, soon);
  await written("files/data/00/late", late);
  const newest = pointOf(1);
  const extend = () => extendLocks(context(), open("locked"), [pointOf(20), newest], new Date());
  expect(await extend()).toBe(3);
  const end = new Date(pointTime(newest.id).getTime() + 600_000 + DAYS * DAY);
  for (const key of ["files/data/00/old", "files/config", FILES_PASSWORD_KEY]) expect(await lockOf(key)).toEqual(end);
  for (const key of ["files/locks/one", "artifacts/x/db.dump.zst"]) expect(await lockOf(key)).toEqual(soon);
  expect(await lockOf("files/data/00/late")).toEqual(late);
  expect(await extend()).toBe(0);
});

test("of an object that somebody wrote over the older version is locked as well, of a removed one nothing", async () => {
  const [good, other] = [
    await written("files/data/00/over", fromNow(0.5)),
    await written("files/data/00/over", fromNow(1)),
  ];
  const removed = await written("files/data/00/removed", fromNow(0.5));
  await admin.send(new DeleteObjectCommand({ Bucket: "locked", Key: `${PREFIX}files/data/00/removed` }));
  await extendLocks(context(), open("locked"), [pointOf(0)], new Date());
  for (const version of [good, other])
    expect((await lockOf("files/data/00/over", version))?.getTime()).toBeGreaterThan(fromNow(DAYS - 1).getTime());
  expect((await lockOf("files/data/00/removed", removed))?.getTime()).toBeLessThan(fromNow(1).getTime());
});

test("a point that claims to be of the future locks no longer than one of now", async () => {
  await written("files/data/00/old", fromNow(0.5));
  const now = new Date();
  await extendLocks(context(), open("locked"), [pointOf(-400)], now);
  expect((await lockOf("files/data/00/old"))?.getTime()).toBeLessThanOrEqual(now.getTime() + DAYS * DAY);
});

test("a bucket without a lock is asked once, and a plan that shares nothing not at all", async () => {
  let asked = 0;
  const counted = (store: Store): Store => ({
    ...store,
    lock: () => {
      asked += 1;
      return store.lock();
    },
  });
  expect(await extendLocks(context(), counted(open("free")), [pointOf(1)], new Date())).toBe(0);
  expect(asked).toBe(1);
  const whole = samplePoint("20261121T010000Z-7f3a");
  expect(await extendLocks(context(), counted(open("locked")), [whole], new Date())).toBe(0);
  expect(asked).toBe(1);
});

test("an identity that may not extend them: a warning, and the prune goes on", async () => {
  const told = context();
  const refused: Store = {
    ...open("locked"),
    lock: () => Promise.reject(new JobError("too-few-rights", "may not ask", "grant it")),
  };
  expect(await extendLocks(told, refused, [pointOf(1)], new Date())).toBe(0);
  expect(told.warnings).toEqual([expect.stringContaining("were not extended: may not ask; grant it")]);
});
