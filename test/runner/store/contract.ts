import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Store, StoredObject } from "../../../runner/store/store.ts";

const never = () => new AbortController().signal;
const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
};
const keys = async (items: AsyncIterable<StoredObject>) => (await all(items)).map(({ key }) => key);
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const inChunks = (bytes: Buffer, size = 65_536) =>
  Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    })(),
    { objectMode: false },
  );

/** What every store must do. `open` gives a store below a prefix of its own, new for each call. */
export const storeContract = (kind: string, versioned: boolean, open: () => Promise<Store>): void => {
  describe(`the store contract: ${kind}`, () => {
    describe("small objects", () => {
      it("are read back with the etag they were written with; what is not there is undefined", async () => {
        const store = await open();
        const { etag } = await store.put("catalog/a.json", "one");
        const got = await store.get("catalog/a.json");
        expect(got?.body.toString()).toBe("one");
        expect(got?.etag).toBe(etag);
        expect(await store.get("catalog/b.json")).toBeUndefined();
        expect(await store.get("nowhere/at/all.json")).toBeUndefined();
        expect(await store.size("catalog/b.json")).toBeUndefined();
        expect(await store.size("catalog/a.json")).toBe(3);
      });

      it("are overwritten without a condition", async () => {
        const store = await open();
        await store.put("a", "one");
        await store.put("a", "two, longer");
        expect((await store.get("a"))?.body.toString()).toBe("two, longer");
        expect(await store.size("a")).toBe(11);
      });

      it("are removed; removing what is not there is no error", async () => {
        const store = await open();
        await store.put("deep/er/a", "one");
        await store.remove("deep/er/a");
        await store.remove("deep/er/a");
        expect(await store.get("deep/er/a")).toBeUndefined();
        expect(await keys(store.list(""))).toEqual([]);
        await store.put("deep/er/a", "two");
        expect((await store.get("deep/er/a"))?.body.toString()).toBe("two");
      });

      it("write no key with two slashes, which only others' buckets have", async () => {
        const store = await open();
        await expect((async () => store.put("a//b", "x"))()).rejects.toMatchObject({ code: "corrupt" });
        await expect((async () => store.remove("a//b"))()).rejects.toMatchObject({ code: "corrupt" });
      });

      it.each(["../a", "a/../../b", "/a", "", "a/", "."])("refuse the key %j", async (key) => {
        const store = await open();
        const refused = { code: "corrupt" };
        await expect((async () => store.put(key, "x"))()).rejects.toMatchObject(refused);
        await expect((async () => store.get(key))()).rejects.toMatchObject(refused);
        await expect((async () => store.remove(key))()).rejects.toMatchObject(refused);
      });

      it.each(["a b+c%d", "ünï/日本 'q\" &amp; <x>", "#?=&;:@$,!*()[]{}|^~`"])("may have the key %j", async (key) => {
        const store = await open();
        await store.put(key, "odd");
        await store.putStream(`${key}-s`, Readable.from([Buffer.from("odd stream")]), { signal: never() });
        expect((await store.get(key))?.body.toString()).toBe("odd");
        expect((await keys(store.list(""))).sort()).toEqual([key, `${key}-s`].sort());
        await store.remove(key);
        expect(await keys(store.list(""))).toEqual([`${key}-s`]);
      });
    });

    describe("conditions", () => {
      it("If-None-Match: of ten writers at once exactly one wins, and its bytes are there", async () => {
        const store = await open();
        const tries = await Promise.allSettled(
          Array.from({ length: 10 }, (_, n) => store.put("m", `writer ${n}`, { ifNoneMatch: "*" })),
        );
        const won = tries.flatMap((result, n) => (result.status === "fulfilled" ? [n] : []));
        expect(won).toHaveLength(1);
        for (const result of tries) {
          if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "precondition-failed" });
        }
        expect((await store.get("m"))?.body.toString()).toBe(`writer ${won[0]}`);
      });

      it("If-Match: of twenty writers at once exactly one wins, round after round", async () => {
        const store = await open();
        let { etag } = await store.put("lease.json", "round 0", { ifNoneMatch: "*" });
        for (let round = 1; round <= 5; round += 1) {
          const tries = await Promise.allSettled(
            Array.from({ length: 20 }, (_, n) => store.put("lease.json", `${round}/${n}`, { ifMatch: etag })),
          );
          const won = tries.flatMap((result, n) => (result.status === "fulfilled" ? [{ n, put: result.value }] : []));
          expect(won).toHaveLength(1);
          for (const result of tries) {
            if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "precondition-failed" });
          }
          const got = await store.get("lease.json");
          expect(got?.body.toString()).toBe(`${round}/${won[0]?.n}`);
          expect(got?.etag).toBe(won[0]?.put.etag);
          etag = got?.etag ?? "";
        }
        expect(await keys(store.list(""))).toEqual(["lease.json"]);
      });

      it("If-Match: an old etag, or one of nothing, is refused and changes nothing", async () => {
        const store = await open();
        const refused = { code: "precondition-failed" };
        const { etag } = await store.put("x", "one", { ifNoneMatch: "*" });
        await store.put("x", "two", { ifMatch: etag });
        await expect(store.put("x", "three", { ifMatch: etag })).rejects.toMatchObject(refused);
        await expect(store.put("x", "four", { ifNoneMatch: "*" })).rejects.toMatchObject(refused);
        await expect(store.put("y", "one", { ifMatch: etag })).rejects.toMatchObject(refused);
        expect((await store.get("x"))?.body.toString()).toBe("two");
        expect(await store.get("y")).toBeUndefined();
        expect(await store.size("x")).toBe(3);
        await store.remove("x");
        expect(await store.get("x")).toBeUndefined();
        // A delete marker is nothing to AWS and something to versitygw; nothing here relies on either.
        await store.put("x", "again", versioned ? {} : { ifNoneMatch: "*" });
        expect((await store.get("x"))?.body.toString()).toBe("again");
      });
    });

    describe("streams", () => {
      it.each([0, 1, 20 * 1024 * 1024 + 1])(
        "of %i bytes come back as they were, counted and digested",
        async (size) => {
          const store = await open();
          const bytes = randomBytes(size);
          const seen: number[] = [];
          const put = await store.putStream("artifacts/p/dump", inChunks(bytes), {
            signal: never(),
            estimate: size,
            onBytes: (total) => seen.push(total),
          });
          expect(put).toMatchObject({ bytes: size, sha256: sha256(bytes) });
          expect(put.versionId !== undefined).toBe(versioned);
          expect(seen.at(-1) ?? 0).toBe(size);
          const read = await store.getStream("artifacts/p/dump", { signal: never() });
          expect(sha256(await buffer(read))).toBe(sha256(bytes));
          expect(await store.size("artifacts/p/dump")).toBe(size);
        },
      );

      it("that fail half way leave nothing, and keep their own error", async () => {
        const store = await open();
        const failing = Readable.from(
          (async function* () {
            for (let n = 0; n < 24; n += 1) yield randomBytes(1024 * 1024);
            throw new Error("the dump died");
          })(),
          { objectMode: false },
        );
        const put = store.putStream("artifacts/p/dump", failing, { signal: never(), estimate: 1 });
        await expect(put).rejects.toThrow("the dump died");
        expect(await store.size("artifacts/p/dump")).toBeUndefined();
        expect(await keys(store.list(""))).toEqual([]);
        await store.abortUploads("", new Date(Date.now() + 3_600_000));
        expect(await store.abortUploads("", new Date(Date.now() + 3_600_000))).toBe(0);
      });

      it("that are aborted while their source is silent end at once, with the signal's reason, and leave nothing", async () => {
        const store = await open();
        const abort = new AbortController();
        const silent = Readable.from(
          (async function* () {
            for (let n = 0; n < 20; n += 1) yield randomBytes(1024 * 1024);
            await new Promise(() => undefined);
          })(),
          { objectMode: false },
        );
        const put = store.putStream("artifacts/p/dump", silent, {
          signal: abort.signal,
          estimate: 1,
          onBytes: (total) => {
            if (total === 20 * 1024 * 1024) setImmediate(() => abort.abort(new Error("told to stop")));
          },
        });
        await expect(put).rejects.toThrow("told to stop");
        expect(await keys(store.list(""))).toEqual([]);
        expect(await store.abortUploads("", new Date(Date.now() + 3_600_000))).toBe(0);
      });

      it("are read only as far as their reader wants", async () => {
        const store = await open();
        await store.putStream("big", inChunks(randomBytes(9_000_000)), { signal: never() });
        const read = await store.getStream("big", { signal: never() });
        for await (const _ of read) break;
        expect(read.destroyed).toBe(true);
      });

      it("stop being read when the signal says so", async () => {
        const store = await open();
        await store.putStream("big", inChunks(randomBytes(9_000_000)), { signal: never() });
        const abort = new AbortController();
        const read = await store.getStream("big", { signal: abort.signal });
        const reading = (async () => {
          for await (const _ of read) abort.abort(new Error("told to stop"));
        })();
        await expect(reading).rejects.toThrow("told to stop");
      });

      it("of what is not there are `corrupt`, naming the key", async () => {
        const store = await open();
        await expect(store.getStream("artifacts/gone", { signal: never() })).rejects.toMatchObject({
          code: "corrupt",
          fact: expect.stringContaining("artifacts/gone"),
        });
      });
    });

    describe("listing", () => {
      it("gives more than a thousand keys, in order, only those below the prefix, with sizes and times", async () => {
        const store = await open();
        const names = Array.from({ length: 1_105 }, (_, n) => `catalog/${String(n).padStart(5, "0")}.json`);
        for (let at = 0; at < names.length; at += 50) {
          await Promise.all(names.slice(at, at + 50).map((name) => store.put(name, "four")));
        }
        await store.put("catalogue", "beside");
        await store.put("marks/a.json", "beside");
        const listed = await all(store.list("catalog/"));
        expect(listed.map(({ key }) => key)).toEqual(names);
        expect(listed.every(({ bytes }) => bytes === 4)).toBe(true);
        expect(Math.abs((listed[0]?.modified.getTime() ?? 0) - Date.now())).toBeLessThan(600_000);
        expect(await keys(store.list("catalog/0110"))).toEqual(names.slice(1_100));
        expect(await keys(store.list("catalogue"))).toEqual(["catalogue"]);
        expect(await keys(store.list("nothing/"))).toEqual([]);
        const versions = await all(store.versions("catalog/"));
        expect(versions.map(({ key }) => key)).toEqual(names);
      });
    });

    it("says whether it keeps versions, what time it is and how much room there is", async () => {
      const store = await open();
      expect(await store.versioned()).toBe(versioned);
      expect(await store.expiresByTag()).toBe(false);
      const before = Date.now();
      const time = (await store.clock()).getTime();
      expect(Math.abs(time - before)).toBeLessThan(60_000);
      await wait(1_100);
      expect((await store.clock()).getTime()).toBeGreaterThan(time);
      const room = await store.room();
      if (room !== undefined) expect(room).toBeGreaterThan(1_000);
    });

    it("lists one version of each object at least, and reads and removes by it", async () => {
      const store = await open();
      await store.put("a", "one");
      await store.put("a", "two!");
      const found = await all(store.versions(""));
      expect(found.filter(({ latest }) => latest)).toHaveLength(1);
      expect(found).toHaveLength(versioned ? 2 : 1);
      const oldest = found.at(-1)?.versionId as string;
      expect((await store.get("a", oldest))?.body.toString()).toBe(versioned ? "one" : "two!");
      expect(await store.size("a", oldest)).toBe(versioned ? 3 : 4);
      const stream = await store.getStream("a", { versionId: oldest, signal: never() });
      expect((await buffer(stream)).toString()).toBe(versioned ? "one" : "two!");
      await store.remove("a", oldest);
      expect(await all(store.versions(""))).toHaveLength(versioned ? 1 : 0);
      expect((await store.get("a"))?.body.toString()).toBe(versioned ? "two!" : undefined);
    });
  });
};
