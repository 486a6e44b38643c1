import { randomBytes } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Plan, Result } from "../../../spec/index.ts";
import { type CountingProxy, startCountingProxy, type Verdict } from "../../support/counting-proxy.ts";
import { skipBecause } from "../../support/skip.ts";
import { mountSmall, unmount } from "../../support/small-disk.ts";
import { startRunner } from "../run-runner.ts";
import { backupOf, makeWorld, pointIdentity, s3Location, succeeded, type World } from "../world.ts";
import { everything, keysBelow, storeOf } from "./points.ts";
import { pointsOf, wrongWith } from "./series.ts";

const MIB = 1024 * 1024;

const failed = (result: Result | undefined) => {
  if (!result || result.ok) throw new Error("expected a failure");
  return result.error;
};

describe("a store that fails · postgres, versitygw", () => {
  let world: World;
  let proxy: CountingProxy;
  let plan: Plan;
  let first: string;

  beforeAll(async () => {
    world = await makeWorld();
    // About 12 MiB that do not compress further: more than one part of an upload.
    await world.sql(
      "app",
      "CREATE TABLE t AS SELECT n, (SELECT string_agg(md5(random()::text || n || i), '') FROM generate_series(1, 32) i) AS text FROM generate_series(1, 48000) n",
    );
    await writeFile(path.join(world.files, "noise"), randomBytes(12 * MIB));
    proxy = await startCountingProxy(world.s3.endpoint);
    plan = { ...world.plan, repository: { ...world.plan.repository, location: s3Location(proxy.endpoint) } };
    ({ id: first } = await backupOf(world, plan));
  });
  afterEach(() => {
    proxy.judge = () => "pass";
  });
  afterAll(async () => {
    await proxy?.close();
    await world?.close();
  });

  const backup = () => startRunner({ kind: "backup", version: 1, plan }, world.secrets).ended;
  const isPart = (url: string) => url.includes("partNumber=");

  /** Ends with its code, publishes nothing, and harms nothing; the next run succeeds. */
  const expectNothing = async (run: Awaited<ReturnType<typeof backup>>, code: string, exit: number) => {
    const error = failed(run.result);
    expect(error.code).toBe(code);
    expect(run.exit).toBe(exit);
    expect(error.hint).not.toBe("");
    proxy.judge = () => "pass";
    expect(await pointsOf(world)).toContain(first);
    return error;
  };

  test("503 for several requests in a row, at three places: retried, and the point is whole", async () => {
    const seen = proxy.requests.length;
    let refused = 0;
    let parts = 0;
    proxy.judge = ({ number, url }) => {
      const within = number - seen;
      const burst = (within >= 3 && within <= 5) || (within >= 20 && within <= 22);
      if (isPart(url)) parts += 1;
      if (!burst && !(isPart(url) && parts <= 3)) return "pass";
      refused += 1;
      return 503;
    };
    const { result } = await backup();
    if (!result) throw new Error("no result");
    const { id } = succeeded(result, "backup").manifest;
    expect(refused).toBeGreaterThanOrEqual(6);
    expect(parts).toBeGreaterThan(3);
    proxy.judge = () => "pass";
    expect(await wrongWith(world, id)).toEqual([]);
  });

  test("the connection is cut in the middle of a part, and of a small object: sent again, and the point is whole", async () => {
    const cut = new Set<string>();
    proxy.judge = ({ method, url }): Verdict => {
      const what = isPart(url) ? "part" : url.includes("globals") ? "small" : undefined;
      if (method !== "PUT" || what === undefined || cut.has(what)) return "pass";
      cut.add(what);
      return { cutRequest: what === "part" ? MIB : 1 };
    };
    const { result } = await backup();
    if (!result) throw new Error("no result");
    const { id } = succeeded(result, "backup").manifest;
    expect([...cut].sort()).toEqual(["part", "small"]);
    proxy.judge = () => "pass";
    expect(await wrongWith(world, id)).toEqual([]);
  });

  test("the connection is cut in the middle of reading artifacts: read on from there, every byte compared", async () => {
    const cut = new Map<string, number>();
    proxy.judge = ({ method, url }): Verdict => {
      const name = /artifacts\/[^/]+\/(db\.dump|files\.tar)/.exec(url)?.[1];
      const times = cut.get(name ?? "") ?? 0;
      if (method !== "GET" || name === undefined || times === 3) return "pass";
      cut.set(name, times + 1);
      return { cutAnswer: 2 * MIB };
    };
    expect(await wrongWith({ ...world, plan }, first)).toEqual([]);
    expect([...cut.values()]).toEqual([3, 3]);
  });

  test("every try of a part is cut: one clear error, no half point, and no unfinished upload stays", async () => {
    const before = await pointsOf(world);
    proxy.judge = ({ url }) => (isPart(url) ? { cutRequest: 1000 } : "pass");
    const error = await expectNothing(await backup(), "store-unreachable", 4);
    expect(error.fact).toMatch(/writing part \d+ of artifacts\//);
    expect(await pointsOf(world)).toEqual(before);
    const client = world.s3.client();
    const { ListMultipartUploadsCommand } = await import("@aws-sdk/client-s3");
    expect((await client.send(new ListMultipartUploadsCommand({ Bucket: "backups" }))).Uploads ?? []).toEqual([]);
    client.destroy();
  });

  test("the store is gone for good half way: a clear error with its exit code, no half point, and the next run succeeds", async () => {
    const before = await pointsOf(world);
    let isGone = false;
    proxy.judge = ({ url }) => {
      isGone ||= isPart(url);
      return isGone ? "drop" : "pass";
    };
    const error = await expectNothing(await backup(), "store-unreachable", 4);
    expect(error.hint).toContain(proxy.endpoint);
    expect(await pointsOf(world)).toEqual(before);
    const { id } = await backupOf(world, plan);
    expect(await wrongWith(world, id)).toEqual([]);
  });

  test("the store is gone while a point is verified: an error of the way, not a finding about the point", async () => {
    const identity = await pointIdentity(world, world.plan, first);
    proxy.judge = ({ method, url }) => (method === "GET" && url.includes("/artifacts/") ? "drop" : "pass");
    const job = {
      kind: "verify",
      version: 1,
      repository: plan.repository,
      plan: plan.name,
      point: first,
      identity: { kind: "env", name: "POINT_IDENTITY" },
      record: true,
    } as const;
    const result = await world.run(job, { POINT_IDENTITY: identity });
    expect(failed(result).code).toBe("store-unreachable");
    expect(await keysBelow(storeOf(world), "proofs/")).toEqual([]);
  });

  test("the database server stops in the middle of a dump: a clear error, and nothing is published", async () => {
    const before = await pointsOf(world);
    let stopped = false;
    proxy.judge = async ({ method, url }): Promise<Verdict> => {
      // The upload begins once its first part is full, and pg_dump waits for it: most of the table is still unread.
      if (method === "POST" && url.includes("db.dump") && url.includes("uploads")) {
        await world.postgres.stop();
        stopped = true;
      }
      return "pass";
    };
    const error = await expectNothing(await backup(), "process-failed", 8);
    expect(stopped).toBe(true);
    expect(error.fact).toMatch(/pg_dump of database .app.*(terminat|closed the connection|connection)/);
    expect(await pointsOf(world)).toEqual(before);
  });
});

describe("a directory on a full disk · postgres, directory, tmpfs", () => {
  let world: World;
  let disk: string | undefined;

  beforeAll(async () => {
    world = await makeWorld({
      repository: "directory",
      change: (plan) => {
        const { location } = plan.repository;
        if (location.kind !== "directory") throw new Error("not a directory");
        const inDisk = { ...location, path: path.join(path.dirname(location.path), "disk", "repository") };
        return { ...plan, repository: { ...plan.repository, location: inDisk } };
      },
    });
    await world.sql("app", "CREATE TABLE t AS SELECT n FROM generate_series(1, 100) n");
    disk = await mountSmall(path.join(world.directory, "disk"), 8 * MIB);
    await writeFile(path.join(world.files, "a"), randomBytes(MIB));
  });
  afterAll(async () => {
    if (disk) unmount(disk);
    await world?.close();
  });

  test("it fills up in the middle of an artifact: no room, nothing published, and the earlier point is fine", async (context) => {
    if (!disk) skipBecause(context, "mounting a tmpfs needs root and the right to mount");
    const { id } = await backupOf(world);
    await writeFile(path.join(world.files, "large"), randomBytes(12 * MIB));
    const run = await startRunner({ kind: "backup", version: 1, plan: world.plan }, world.secrets).ended;
    expect(failed(run.result)).toMatchObject({ code: "no-room", fact: expect.stringContaining("files.tar") });
    expect(run.exit).toBe(9);
    expect(await pointsOf(world)).toEqual([id]);
    expect(await wrongWith(world, id)).toEqual([]);

    await rm(path.join(world.files, "large"));
    const next = await backupOf(world);
    expect(await pointsOf(world)).toEqual([next.id, id]);
  });

  test("[colonies.6] less room than the last point took is refused before anything is written", async (context) => {
    if (!disk) skipBecause(context, "mounting a tmpfs needs root and the right to mount");
    const filler = path.join(disk, "filler");
    await writeFile(filler, Buffer.alloc(8 * MIB)).catch(() => undefined); // as much as fits
    await rm(filler);
    await writeFile(filler, Buffer.alloc(5 * MIB + MIB / 2));
    const artifacts = await everything(storeOf(world), "artifacts/");
    const result = await world.run({ kind: "backup", version: 1, plan: world.plan });
    expect(failed(result)).toMatchObject({ code: "no-room", hint: expect.stringContaining("restorable prune") });
    expect(await everything(storeOf(world), "artifacts/")).toEqual(artifacts);
    await rm(filler);
  });
});
