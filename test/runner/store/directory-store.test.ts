import { execFileSync, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStore } from "../../../runner/store/open-store.ts";
import { makeTempDir, removeTempDir, tempDir } from "../../support/temp-dir.ts";
import { storeContract } from "./contract.ts";
import { testContext } from "./test-context.ts";

const at = (path: string, prefix = "prod/packit/") =>
  openStore(testContext(), { kind: "directory", path }, "writer", prefix);

let base = "";
let count = 0;
beforeAll(async () => {
  base = await makeTempDir("store");
});
afterAll(() => removeTempDir(base));

storeContract("a directory", false, async () => {
  count += 1;
  return at(join(base, String(count)));
});

describe("a directory store", () => {
  it("makes nothing before it is written to", async () => {
    const directory = await tempDir();
    const path = join(directory, "not/yet");
    const store = openStore(testContext(), { kind: "directory", path }, "reader", "prod/packit/");
    expect(await store.get("a")).toBeUndefined();
    expect(await store.room()).toBeGreaterThan(0);
    for await (const _ of store.list("")) throw new Error("nothing can be there");
    await store.clock();
    expect(await readdir(directory)).toEqual([]);
  });

  it("leaves no temporary file behind, and shows the newest content under the plain name", async () => {
    const directory = await tempDir();
    const store = at(directory, "");
    const first = await store.put("lease.json", "one", { ifNoneMatch: "*" });
    const second = await store.put("lease.json", "two", { ifMatch: first.etag });
    await store.put("lease.json", "three", { ifMatch: second.etag });
    expect(await readFile(join(directory, "lease.json"), "utf8")).toBe("three");
    expect((await readdir(directory)).filter((name) => name.includes("tmp"))).toEqual([]);
    await store.put("lease.json", "four");
    expect((await store.get("lease.json"))?.body.toString()).toBe("four");
    expect(await readFile(join(directory, "lease.json"), "utf8")).toBe("four");
    await store.remove("lease.json");
    expect(await readdir(directory)).toEqual([]);
  });

  it("takes a content that came back for a new one, so an old etag stays refused", async () => {
    const store = at(await tempDir());
    const one = await store.put("x", "A", { ifNoneMatch: "*" });
    const two = await store.put("x", "B", { ifMatch: one.etag });
    await store.put("x", "A", { ifMatch: two.etag });
    await expect(store.put("x", "C", { ifMatch: one.etag })).rejects.toMatchObject({ code: "precondition-failed" });
  });

  it("is not blocked by what a killed writer left: a temporary file, or an empty folder of generations", async () => {
    const directory = await tempDir();
    const store = at(directory, "");
    const { etag } = await store.put("lease.json", "one", { ifNoneMatch: "*" });
    await writeFile(join(directory, ".restorable-tmp-dead"), "half");
    await mkdir(join(directory, ".restorable-of-lease.json"));
    const put = await store.put("lease.json", "two", { ifMatch: etag });
    expect((await store.get("lease.json"))?.etag).toBe(put.etag);
    // Killed after the link that decides, before the plain name was renewed and the old generation removed.
    await writeFile(join(directory, ".restorable-of-lease.json/2"), "three");
    const got = await store.get("lease.json");
    expect(got?.body.toString()).toBe("three");
    await store.put("lease.json", "four", { ifMatch: got?.etag ?? "" });
    expect((await store.get("lease.json"))?.body.toString()).toBe("four");
    expect(await readdir(join(directory, ".restorable-of-lease.json"))).toEqual(["3"]);
  });

  it("loses no update of several processes, one of them killed in the middle again and again", async () => {
    const directory = await tempDir();
    const store = at(directory, "");
    await store.put("counter", "0", { ifNoneMatch: "*" });
    const killed = async () => {
      for (let n = 0; n < 5; n += 1) {
        const child = countUp(directory, 1_000_000);
        const exited = once(child, "exit");
        await Promise.race([exited, once(child.stdout, "data")]);
        child.kill("SIGKILL");
        await exited; // a last write may land until then
      }
    };
    const counted = async () => {
      const child = countUp(directory, 150);
      await text(child.stdout);
    };
    await killed();
    const dirty = Number((await store.get("counter"))?.body);
    expect(dirty).toBeGreaterThan(0);
    await Promise.all([counted(), counted(), counted()]);
    expect(Number((await store.get("counter"))?.body)).toBe(dirty + 450);
  });

  it("removes old half-written files, and only those", async () => {
    const directory = await tempDir();
    const store = at(directory, "");
    await store.put("artifacts/p/dump", "whole");
    const old = join(directory, "artifacts/p/.restorable-tmp-old");
    await writeFile(old, "half");
    await writeFile(join(directory, "artifacts/p/.restorable-tmp-young"), "half");
    await utimes(old, new Date(0), new Date(0));
    expect(await store.abortUploads("artifacts/", new Date(Date.now() - 60_000))).toBe(1);
    expect((await readdir(join(directory, "artifacts/p"))).sort()).toEqual([".restorable-tmp-young", "dump"]);
  });

  it("says that it may not write", async () => {
    if (process.getuid?.() === 0)
      return expect(await asNobody(await tempDir())).toMatch(/^too-few-rights: writing a in/);
    const directory = await tempDir();
    await chmod(directory, 0o500);
    await expect(at(directory, "").put("a", "x")).rejects.toMatchObject({ code: "too-few-rights" });
  });

  it("says that there is no room, and keeps nothing", async (context) => {
    const directory = await tempDir();
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", directory]).status === 0;
    if (!mounted) return context.skip("only root can make a small file system");
    try {
      const body = Readable.from(
        Array.from({ length: 32 }, () => randomBytes(65_536)),
        { objectMode: false },
      );
      const put = at(directory, "").putStream("a", body, { signal: new AbortController().signal });
      await expect(put).rejects.toMatchObject({ code: "no-room", fact: expect.stringContaining("writing a in") });
      expect(await readdir(directory)).toEqual([]);
    } finally {
      spawnSync("umount", [directory]);
    }
  });

  it("says that the repository's path is a file", async () => {
    const directory = await tempDir();
    await writeFile(join(directory, "file"), "");
    await expect(at(join(directory, "file")).put("a", "x")).rejects.toMatchObject({ code: "missing-directory" });
  });
});

/** Root may write everywhere, so another user has to try. */
const asNobody = async (directory: string): Promise<string> => {
  await chmod(directory, 0o755);
  const script = `
    const { openStore } = await import(${JSON.stringify(join(import.meta.dirname, "../../../runner/store/open-store.ts"))});
    process.setgid(65534); process.setuid(65534);
    const context = { now: () => new Date(), signal: new AbortController().signal };
    try {
      await openStore(context, { kind: "directory", path: ${JSON.stringify(directory)} }, "writer", "").put("a", "x");
    } catch ({ code, fact }) { console.log(code + ": " + fact); }`;
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", script]).toString();
  await rm(join(directory, "a"), { force: true });
  return output;
};

/** A process that adds one to `counter` so many times, each time by a conditional write, and prints each success. */
const countUp = (directory: string, times: number) => {
  const script = `
    const { openStore } = await import(${JSON.stringify(join(import.meta.dirname, "../../../runner/store/open-store.ts"))});
    const context = { now: () => new Date(), signal: new AbortController().signal };
    const store = openStore(context, { kind: "directory", path: ${JSON.stringify(directory)} }, "writer", "");
    for (let done = 0; done < ${times}; ) {
      const { body, etag } = await store.get("counter");
      try {
        await store.put("counter", String(Number(body) + 1), { ifMatch: etag });
        console.log(++done);
      } catch (error) { if (error.code !== "precondition-failed") throw error; }
    }`;
  return spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
};
