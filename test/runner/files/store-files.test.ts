import { execFile } from "node:child_process";
import { appendFile, chmod, chown, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { listArchive } from "../../../runner/files/list-archive.ts";
import { measureTree } from "../../../runner/files/measure-tree.ts";
import { storeFiles } from "../../../runner/files/store-files.ts";
import { type FilesSource, filesSource, type JobError } from "../../../spec/index.ts";
import { skipBecause } from "../../support/skip.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { testContext } from "../../support/test-context.ts";
import { fileStore, readInto } from "./file-store.ts";
import { isRoot, makeShapes, makeSocket, SPARSE_BYTES } from "./shapes.ts";

const setUp = async (more: Partial<FilesSource> = {}) => {
  const top = await tempDir("files");
  const [directory, stored] = [path.join(top, "data"), path.join(top, "stored")];
  await mkdir(directory);
  await mkdir(stored);
  const source = filesSource.parse({ kind: "files", name: "uploads", directory, ...more });
  return { top, directory, stored, source };
};

const names = async (key: string): Promise<string[]> => {
  const { stdout } = await promisify(execFile)("tar", ["--list", "--file", key]);
  return stdout.trim().split("\n");
};

test("counts what it stored: as the tree has it, as the archive lists it, and reports progress", async () => {
  const { directory, stored, source } = await setUp();
  await makeShapes(directory);
  const context = testContext();
  const entry = await storeFiles(context, source, fileStore(context, stored));
  const { unread, ...measured } = await measureTree(directory);
  expect(unread).toBe(0);
  expect(entry.counts).toEqual(measured);
  expect(entry.counts).toMatchObject({ hardLinks: 2, other: isRoot ? 2 : 1, symlinks: 4 });
  const [artifact] = entry.artifacts;
  const listing = listArchive();
  await readInto(context, artifact?.key ?? "", listing.invocation);
  expect(listing.counts()).toEqual(entry.counts);
  expect(context.reported.progress.at(-1)).toEqual({ bytes: measured.bytes, total: measured.bytes });
  expect(entry).toMatchObject({ kind: "files", name: "uploads", directory, changed: [] });
  expect(Date.parse(entry.started)).toBeLessThanOrEqual(Date.parse(entry.finished));
});

test("two archives of one tree are equal", async () => {
  // tar puts its process id into the names of sparse files' headers.
  const { directory, stored, source } = await setUp({ exclude: ["sparse"] });
  await makeShapes(directory);
  const context = testContext();
  const one = await storeFiles(context, source, fileStore(context, stored));
  const two = await storeFiles(context, source, fileStore(context, stored));
  expect(two.artifacts[0]?.sha256).toBe(one.artifacts[0]?.sha256);
});

test("a sparse file takes no room in the archive", async () => {
  const { directory, stored, source } = await setUp();
  await makeShapes(directory);
  const context = testContext();
  const entry = await storeFiles(context, source, fileStore(context, stored));
  expect(entry.counts.bytes).toBeGreaterThan(SPARSE_BYTES);
  expect(entry.artifacts[0]?.bytes).toBeLessThan(2 ** 20);
});

test("the estimate is never below the archive", async () => {
  const { directory, stored, source } = await setUp();
  await makeShapes(directory);
  for (let index = 0; index < 300; index += 1) await writeFile(path.join(directory, `${index}-${"x".repeat(240)}`), "");
  const context = testContext();
  let estimate = 0;
  const entry = await storeFiles(context, source, (request) => {
    estimate = request.estimate ?? 0;
    return fileStore(context, stored)(request);
  });
  expect(estimate).toBeGreaterThan(entry.artifacts[0]?.bytes ?? Number.POSITIVE_INFINITY);
});

describe("excludes", () => {
  test("are anchored at the directory, reach below folders only by pattern, and may be written in three ways", async () => {
    const { directory, stored, source } = await setUp({ exclude: ["cache", "./logs/", "/tmp/*.part", "-x"] });
    for (const folder of ["cache/deep", "keep/cache", "logs", "tmp/below"]) {
      await mkdir(path.join(directory, folder), { recursive: true });
      await writeFile(path.join(directory, folder, "file.part"), "x");
    }
    await writeFile(path.join(directory, "-x"), "x");
    const context = testContext();
    const entry = await storeFiles(context, source, fileStore(context, stored));
    expect(await names(entry.artifacts[0]?.key ?? "")).toEqual([
      "./",
      "./keep/",
      "./keep/cache/",
      "./keep/cache/file.part",
      "./tmp/",
      "./tmp/below/",
    ]);
    expect(entry.counts).toMatchObject({ files: 1, directories: 5 });
  });

  test("our own directories inside a mount point are never data", async () => {
    const { directory, stored, source } = await setUp();
    for (const folder of [".restorable-new-a", ".restorable-org-20261121T010000Z", "below/.restorable-new-a"]) {
      await mkdir(path.join(directory, folder, "tree"), { recursive: true });
      await writeFile(path.join(directory, folder, "tree", "file"), "x");
    }
    const context = testContext();
    const entry = await storeFiles(context, source, fileStore(context, stored));
    const { unread: _, ...measured } = await measureTree(directory);
    expect(entry.counts).toEqual(measured);
    expect(entry.counts.files).toBe(1);
  });
});

describe("a tree that changes while it is read", () => {
  test("is stored as it was met: what changed or went is listed, and the archive is whole", async () => {
    const { directory, stored, source } = await setUp();
    const big = path.join(directory, "big");
    await writeFile(big, Buffer.alloc(8 * 2 ** 20, "a"));
    await writeFile(path.join(directory, "removed"), "x");
    await writeFile(path.join(directory, "zz"), "x");
    const context = testContext();
    // tar is in the middle of the big file when its first bytes arrive: the pipe holds far less.
    const watch = async function* (stdout: Readable) {
      let isFirst = true;
      for await (const chunk of stdout) {
        if (isFirst) {
          await appendFile(big, "more");
          await rm(path.join(directory, "removed"));
        }
        isFirst = false;
        yield chunk as Buffer;
      }
    };
    const entry = await storeFiles(context, source, fileStore(context, stored, watch));
    expect(entry.changed).toEqual([
      "./big: file changed as we read it",
      "./removed: File removed before we read it",
      ".: file changed as we read it",
    ]);
    const listing = listArchive();
    await readInto(context, entry.artifacts[0]?.key ?? "", listing.invocation);
    expect(listing.counts()).toEqual(entry.counts);
    expect(entry.counts).toMatchObject({ files: 2, bytes: 8 * 2 ** 20 + 1 });
  });

  test("of many such files a hundred are named and the others counted", async () => {
    const { directory, stored, source } = await setUp();
    await writeFile(path.join(directory, "0"), Buffer.alloc(8 * 2 ** 20));
    for (let index = 100; index < 230; index += 1) await writeFile(path.join(directory, `${index}`), "x");
    const context = testContext();
    const watch = async function* (stdout: Readable) {
      let isFirst = true;
      for await (const chunk of stdout) {
        if (isFirst)
          for (const name of await readdir(directory)) if (name !== "0") await rm(path.join(directory, name));
        isFirst = false;
        yield chunk as Buffer;
      }
    };
    const { changed, counts } = await storeFiles(context, source, fileStore(context, stored, watch));
    expect(counts.files).toBe(1);
    expect(changed).toHaveLength(101);
    expect(changed.at(-1)).toMatch(/^… and \d\d more$/);
  });

  test("a socket is no data; it is listed", async () => {
    const { directory, stored, source } = await setUp();
    await writeFile(path.join(directory, "file"), "x");
    const close = await makeSocket(path.join(directory, "socket"));
    const context = testContext();
    const entry = await storeFiles(context, source, fileStore(context, stored));
    await close();
    expect(entry.changed).toEqual(["./socket: socket ignored"]);
    expect(entry.counts).toMatchObject({ files: 1, other: 0 });
  });
});

describe("refused, with nothing published", () => {
  const refusal = async (source: FilesSource, stored: string): Promise<JobError> => {
    const context = testContext();
    const error = await storeFiles(context, source, fileStore(context, stored)).catch((cause) => cause);
    expect(await readdir(stored)).toEqual([]);
    return error;
  };

  test("a directory that does not exist, or is a file", async () => {
    const { directory, stored, source } = await setUp();
    await rm(directory, { recursive: true });
    expect(await refusal(source, stored)).toMatchObject({ code: "missing-directory" });
    await writeFile(directory, "a file");
    expect(await refusal(source, stored)).toMatchObject({ code: "missing-directory" });
  });

  test("a directory without any file, unless the plan says that empty is fine", async () => {
    const { directory, stored, source } = await setUp();
    await mkdir(path.join(directory, "only", "folders"), { recursive: true });
    expect(await refusal(source, stored)).toMatchObject({ code: "empty-source" });
    const context = testContext();
    const entry = await storeFiles(context, { ...source, allowEmpty: true }, fileStore(context, stored));
    expect(entry.counts).toMatchObject({ files: 0, directories: 3, bytes: 0 });
  });

  test("a directory whose every file is excluded", async () => {
    const { directory, stored, source } = await setUp({ exclude: ["*"] });
    await writeFile(path.join(directory, "file"), "x");
    const context = testContext();
    await expect(storeFiles(context, source, fileStore(context, stored))).rejects.toMatchObject({
      code: "empty-source",
    });
  });

  test("a file that this user may not read, by name", async (t) => {
    if (!isRoot) skipBecause(t, "only root can become another user, and only another user is refused");
    const { top, directory, stored } = await setUp();
    await chmod(top, 0o755);
    await chown(stored, 65_534, 65_534);
    await writeFile(path.join(directory, "a"), "x");
    await writeFile(path.join(directory, "secret\nfile"), "x", { mode: 0o600 });
    const script = path.join(import.meta.dirname, "store-as-user.ts");
    const { stdout } = await promisify(execFile)("setpriv", [
      ...["--reuid=65534", "--regid=65534", "--clear-groups"],
      ...[process.execPath, script, directory, stored],
    ]);
    expect(JSON.parse(stdout)).toMatchObject({
      code: "too-few-rights",
      fact: expect.stringContaining("./secret\\nfile: Cannot open: Permission denied"),
    });
    expect(await readdir(stored)).toEqual([]);
  });
});
