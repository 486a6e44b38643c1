import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type Lease, takeLease } from "../../../runner/store/lease.ts";
import { openStore } from "../../../runner/store/open-store.ts";
import type { Store } from "../../../runner/store/store.ts";
import { LEASE_KEY, type Location } from "../../../spec/index.ts";
import { type S3Server, startS3 } from "../../support/s3-server.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { waitFor } from "../../support/wait-for.ts";
import { s3Location, s3Secrets } from "./s3-location.ts";
import { type TestContext, testContext } from "./test-context.ts";

const DAY = 86_400_000;
const elsewhere = { host: "archive2", boot: "b007", pidNamespace: "pid:[1]", pid: 77, startTicks: "1" };

let server: S3Server;
let count = 0;
beforeAll(async () => {
  server = await startS3();
  await server.createBucket("leases");
});
afterAll(async () => {
  await server?.stop();
});

const kinds: [string, () => Promise<Location>][] = [
  [
    "S3",
    async () => {
      count += 1;
      return s3Location(server, "leases", { prefix: `p${count}` });
    },
  ],
  ["a directory", async () => ({ kind: "directory", path: await tempDir() })],
];

describe.each(kinds)("a lease in %s", (_, place) => {
  const world = (more: Partial<TestContext> = {}) => testContext(s3Secrets(server.root), more);
  const open = async () => openStore(world(), await place(), "writer", "prod/packit/");
  const take = async (store: Store, seconds = 90, context = world()): Promise<Lease> => {
    const lease = await takeLease(context, store, { job: "backup 20261121T010000Z-7f3a", seconds });
    onTestFinished(() => lease.release());
    return lease;
  };
  const write = async (store: Store, content: object) => store.put(LEASE_KEY, JSON.stringify(content));
  const content = async (store: Store) => JSON.parse(String((await store.get(LEASE_KEY))?.body));

  it("is waited for by whoever is ready to, who says for whom, and gives up when told to stop", async () => {
    const store = await open();
    const held = await take(store);
    const steps: string[] = [];
    const stopped = new AbortController();
    const context = world({ signal: stopped.signal });
    const step = (_step: string, text: string) => void steps.push(text);
    const waiting = (options: { job: string; seconds: number; waitSeconds: number }) =>
      takeLease({ ...context, report: { ...context.report, step } }, store, options);
    const interrupted = waiting({ job: "backup", seconds: 90, waitSeconds: 600 });
    await waitFor("it to wait", () => steps.length > 0);
    expect(steps).toEqual([expect.stringContaining(`process ${process.pid}`)]);
    stopped.abort(new Error("told to stop"));
    await expect(interrupted).rejects.toThrow("told to stop");

    const patient = takeLease(world(), store, { job: "backup", seconds: 90, waitSeconds: 600 });
    await held.release();
    await (await patient).release();
  });

  it("is held by one of ten that want it; the others learn who has it, since when and until when", async () => {
    const store = await open();
    const tries = await Promise.allSettled(Array.from({ length: 10 }, () => take(store)));
    const won = tries.filter((result) => result.status === "fulfilled");
    expect(won).toHaveLength(1);
    const { holder, taken, expires } = await content(store);
    await expect(take(store)).rejects.toMatchObject({
      code: "busy",
      fact: expect.stringMatching(new RegExp(`${holder.host}.*process ${process.pid}.*${taken}.*${expires}`)),
    });
    for (const result of tries) if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "busy" });
  });

  it("is free again once it was released, also when it had been renewed", async () => {
    const store = await open();
    const lease = await take(store, 3);
    const { expires } = await content(store);
    await waitFor("a renewal", async () => (await content(store)).expires > expires);
    await lease.check();
    expect(lease.signal.aborted).toBe(false);
    await lease.release();
    await (await take(store)).check();
  });

  it("is renewed as long as it is held: nobody gets it after its first life", async () => {
    const store = await open();
    await take(store, 3);
    const { expires } = await content(store);
    await waitFor("the end of its first life", async () => (await store.clock()).getTime() > Date.parse(expires));
    await expect(take(store, 3)).rejects.toMatchObject({ code: "busy" });
  });

  it("[core.13] of a host that is gone is taken over when it has expired, and not before", async () => {
    const store = await open();
    const now = (await store.clock()).getTime();
    const lease = { holder: elsewhere, job: "backup", token: "t", taken: new Date(now).toISOString() };
    await write(store, { ...lease, expires: new Date(now + 3_000).toISOString() });
    await expect(take(store)).rejects.toMatchObject({ code: "busy", fact: expect.stringContaining("archive2") });
    const taken = await waitFor("a takeover", () => take(store).catch(() => undefined));
    await taken.check();
    expect((await store.clock()).getTime()).toBeGreaterThanOrEqual(now + 3_000);
  });

  it("[core.13] of a process of this host that was killed is taken over at once", async () => {
    const location = await place();
    const store = openStore(world(), location, "writer", "prod/packit/");
    const holder = await holdInChild(location);
    await expect(take(store)).rejects.toMatchObject({
      code: "busy",
      fact: expect.stringContaining(String(holder.pid)),
    });
    holder.kill("SIGKILL");
    await once(holder, "exit");
    await (await take(store, 3_600)).check();
  });

  it("of a host of the same name with another boot is respected until it expires", async () => {
    const store = await open();
    const now = (await store.clock()).getTime();
    const holder = { ...world().holder, boot: "another", pid: 999_999_999 };
    const times = { taken: new Date(now).toISOString(), expires: new Date(now + 60_000).toISOString() };
    await write(store, { holder, job: "backup", token: "t", ...times });
    await expect(take(store)).rejects.toMatchObject({ code: "busy" });
  });

  it.each([
    ["a day early", -DAY],
    ["a day late", DAY],
  ])("does not care for this host's clock: %s", async (_skew, skew) => {
    const store = await open();
    const context = world({ now: () => new Date(Date.now() + skew) });
    const lease = await take(store, 90, context);
    await lease.check();
    const { expires } = await content(store);
    expect(Math.abs(Date.parse(expires) - (await store.clock()).getTime() - 90_000)).toBeLessThan(30_000);
    await expect(take(store, 90, context)).rejects.toMatchObject({ code: "busy" });
    await expect(take(store)).rejects.toMatchObject({ code: "busy" });
  });

  it("that somebody took over is lost: its signal is aborted, check fails, and release leaves the new one alone", async () => {
    const store = await open();
    const lease = await take(store, 3);
    const theirs = { ...(await content(store)), holder: elsewhere, token: "theirs" };
    await write(store, { ...theirs, expires: new Date(Date.now() + 60_000).toISOString() });
    await expect(lease.check()).rejects.toMatchObject({ code: "lease-lost" });
    expect(lease.signal.reason).toMatchObject({ code: "lease-lost" });
    await lease.release();
    expect((await content(store)).token).toBe("theirs");
  });

  it("that cannot be renewed is lost before somebody else could have it", async () => {
    const store = await open();
    let down = false;
    const failing: Store = {
      ...store,
      put: (...args) => (down ? Promise.reject(new Error("the store is down")) : store.put(...args)),
    };
    const context = world();
    const lease = await take(failing, 3, context);
    down = true;
    // A second before its end, by the same process's timers: in order, however late the machine is.
    await pause(2_010);
    expect(lease.signal.aborted).toBe(true);
    expect(lease.signal.reason).toMatchObject({ code: "lease-lost", fact: expect.stringContaining("renewed in time") });
    expect(context.warnings.join()).toContain("the store is down");
    const { taken, expires } = await content(store);
    expect(Date.parse(expires) - Date.parse(taken)).toBe(3_000);
  });

  it("ends with the job's own signal, and can still be released then", async () => {
    const store = await open();
    const stop = new AbortController();
    const lease = await take(store, 90, world({ signal: stop.signal }));
    stop.abort(new Error("told to stop"));
    expect(lease.signal.aborted).toBe(true);
    await lease.release();
    await (await take(store)).check();
  });

  it("that is no lease, or claims a year, blocks for one life and no longer", async () => {
    const store = await open();
    const context = world();
    await store.put(LEASE_KEY, "{ not a lease");
    await expect(take(store, 3, context)).rejects.toMatchObject({ code: "busy" });
    await (await waitFor("a takeover", () => take(store, 3, context).catch(() => undefined))).release();
    expect(context.warnings.join()).toContain("was no lease");
    const times = { taken: new Date().toISOString(), expires: new Date(Date.now() + 365 * DAY).toISOString() };
    await write(store, { holder: elsewhere, job: "backup", token: "t", ...times });
    await waitFor("a takeover", () => take(store, 3, context).catch(() => undefined));
  });

  it("whose first write was stored although its answer was lost is ours all the same", async () => {
    const store = await open();
    const lossy: Store = {
      ...store,
      put: async (...args) => {
        await store.put(...args);
        return store.put(...args); // what the SDK does after a broken connection
      },
    };
    await (await take(lossy)).check();
  });
});

/** A process that holds a lease until it is killed. */
const holdInChild = async (location: Location): Promise<ChildProcess> => {
  const module = (path: string) => JSON.stringify(join(import.meta.dirname, path));
  const script = `
    const { openStore } = await import(${module("../../../runner/store/open-store.ts")});
    const { takeLease } = await import(${module("../../../runner/store/lease.ts")});
    const { testContext } = await import(${module("./test-context.ts")});
    const context = testContext(${JSON.stringify(s3Secrets(server.root))});
    const store = openStore(context, ${JSON.stringify(location)}, "writer", "prod/packit/");
    await takeLease(context, store, { job: "backup", seconds: 3600 });
    console.log("held");
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return child;
};
