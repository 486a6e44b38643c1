import { execFile } from "node:child_process";
import { mkdir, open, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareTree } from "../../../runner/files/compare-tree.ts";
import { extractBeside, extractInto } from "../../../runner/files/extract-beside.ts";
import { hasProgram } from "../../support/has-program.ts";
import { skipBecause } from "../../support/skip.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { testContext } from "../../support/test-context.ts";
import { treeDigest } from "../../support/tree-digest.ts";
import { readInto } from "./file-store.ts";
import { roundTrip, store } from "./round-trip.ts";
import { isRoot, makeShapes, SPARSE_BYTES } from "./shapes.ts";

const run = promisify(execFile);

const makeTree = async (): Promise<string> => {
  const directory = path.join(await tempDir("tree"), "data");
  await mkdir(directory);
  return directory;
};

describe("a tree that was stored and unpacked", () => {
  test("is equal: bytes of names, modes, owners, times, links, attributes, content", async () => {
    const directory = await makeTree();
    await makeShapes(directory);
    const { tree, entry, extraction } = await roundTrip(testContext(), directory);
    expect(await treeDigest(tree)).toEqual(await treeDigest(directory));
    expect(extraction.counts()).toEqual(entry.counts);
    expect(extraction.messages()).toEqual([]);
    const checks = await compareTree(tree, entry);
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(checks).toHaveLength(6);
  });

  test("keeps the holes of a sparse file", async () => {
    const directory = await makeTree();
    await makeShapes(directory);
    const { tree } = await roundTrip(testContext(), directory);
    const { size, blocks } = await stat(path.join(tree, "sparse"));
    expect(size).toBe(SPARSE_BYTES);
    expect(blocks * 512).toBeLessThan(2 ** 20);
  });

  test("has the ACLs and capabilities", async (t) => {
    if (!isRoot || !(await hasProgram("setfacl")) || !(await hasProgram("getfattr")) || !(await hasProgram("setcap")))
      skipBecause(t, "needs root and the packages acl, attr and libcap2-bin");
    const directory = await makeTree();
    await makeShapes(directory);
    const { tree } = await roundTrip(testContext(), directory);
    const lines = (await treeDigest(tree)).join("\n");
    for (const attribute of [
      "posix_acl_access",
      "posix_acl_default",
      "security.capability",
      "user.note",
      "trusted.note",
    ])
      expect(lines).toContain(attribute);
  });

  test("lies where nobody else can look, while the tree's own mode is what the archive says", async () => {
    const directory = await makeTree();
    await makeShapes(directory);
    const { tree } = await roundTrip(testContext(), directory);
    expect((await stat(path.dirname(tree))).mode & 0o7777).toBe(0o700);
    expect((await stat(tree)).mode).toBe((await stat(directory)).mode);
  });

  test("differs from the manifest in exactly what was changed afterwards", async () => {
    const directory = await makeTree();
    await makeShapes(directory);
    const { tree, entry } = await roundTrip(testContext(), directory);
    await rm(path.join(tree, "zero"));
    await symlink("x", path.join(tree, "more"));
    const failed = (await compareTree(tree, entry)).filter(({ ok }) => !ok);
    expect(failed.map(({ name }) => name)).toEqual(["uploads: files", "uploads: symbolic links"]);
    expect(failed[0]?.detail).toBe(`${entry.counts.files - 1} where the manifest says ${entry.counts.files}`);
  });
});

type Node =
  | { kind: "file"; bytes: Uint8Array; mode: number }
  | { kind: "link"; target: Uint8Array }
  | { kind: "folder"; children: Tree; mode: number };
type Tree = readonly (readonly [Uint8Array, Node])[];

const name = fc
  .uint8Array({ minLength: 1, maxLength: 255 })
  .map((bytes) => bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x5f : byte)))
  .filter((bytes) => !["", ".", ".."].includes(Buffer.from(bytes).toString("latin1")));
const mode = fc.integer({ min: 0, max: 0o7777 }).map((bits) => bits | 0o700);
const { tree: treeOf } = fc.letrec<{ tree: Tree; node: Node }>((tie) => ({
  tree: fc.uniqueArray(fc.tuple(name, tie("node")), {
    maxLength: 6,
    selector: ([key]) => Buffer.from(key).toString("hex"),
  }),
  node: fc.oneof(
    { maxDepth: 4 },
    fc.record({ kind: fc.constant("file" as const), bytes: fc.uint8Array({ maxLength: 2_000 }), mode }),
    fc.record({ kind: fc.constant("link" as const), target: name }),
    fc.record({ kind: fc.constant("folder" as const), children: tie("tree"), mode }),
  ),
}));

const write = async (directory: Buffer, tree: Tree): Promise<void> => {
  for (const [key, node] of tree) {
    const at = Buffer.concat([directory, Buffer.from("/"), key]);
    if (node.kind === "link") await symlink(Buffer.from(node.target), at);
    else if (node.kind === "file") {
      const handle = await open(at, "w");
      await handle.write(node.bytes);
      await handle.chmod(node.mode);
      await handle.close();
    } else {
      await mkdir(at);
      await write(at, node.children);
      const handle = await open(at, "r");
      await handle.chmod(node.mode);
      await handle.close();
    }
  }
};

test("any tree comes back equal", async () => {
  await fc.assert(
    fc.asyncProperty(treeOf, async (tree) => {
      const directory = await makeTree();
      await write(Buffer.from(directory), tree);
      const { tree: restored, entry, extraction } = await roundTrip(testContext(), directory);
      expect(await treeDigest(restored)).toEqual(await treeDigest(directory));
      expect(extraction.counts()).toEqual(entry.counts);
      expect((await compareTree(restored, entry)).every(({ ok }) => ok)).toBe(true);
    }),
    { numRuns: 40 },
  );
});

test("an ordinary user swaps a tree of their own, also one that may not be written; devices are refused", async (t) => {
  if (!isRoot) skipBecause(t, "only root can become another user");
  const top = await tempDir("user");
  await run("mknod", [path.join(top, "null"), "c", "1", "3"]);
  await run("tar", ["--create", `--file=${top}/device.tar`, `--directory=${top}`, "null"]);
  await rm(path.join(top, "null"));
  await run("chown", ["-R", "65534:65534", top]);
  const { stdout } = await run("setpriv", [
    ...["--reuid=65534", "--regid=65534", "--clear-groups", process.execPath],
    ...[path.join(import.meta.dirname, "round-trip-as-user.ts"), top],
  ]);
  expect(JSON.parse(stdout)).toEqual({
    form: "sibling",
    notes: [expect.stringContaining("without root")],
    left: ["data", "data-stored", "device.tar", "devices"],
    equal: true,
    code: "too-few-rights",
  });
});

describe("refused or harmless", () => {
  test("a directory that holds something", async () => {
    const live = await makeTree();
    const names = { live, beside: `${live}_new_one`, superseded: `${live}_org_20261121T010000Z`, existed: true };
    await mkdir(`${live}_new_one/tree`, { recursive: true });
    await writeFile(`${live}_new_one/tree/file`, "x");
    await expect(extractBeside(names)).rejects.toMatchObject({ code: "target-not-empty" });
    expect(await readFile(`${live}_new_one/tree/file`, "utf8")).toBe("x");
  });

  test("an archive with absolute names, with '..' and with links that lead outside writes nothing outside", async () => {
    const top = await tempDir("forged");
    for (const folder of ["victim", "target/inside", "made"]) await mkdir(path.join(top, folder), { recursive: true });
    await writeFile(path.join(top, "victim", "file"), "untouched");
    const made = path.join(top, "made");
    await symlink(path.join(top, "victim"), path.join(made, "absolute"));
    await symlink("../../victim", path.join(made, "relative"));
    await writeFile(path.join(made, "evil"), "evil");
    const archive = path.join(top, "forged.tar");
    const append = (member: string, from: string, to: string) =>
      run("tar", [
        "--append",
        "--absolute-names",
        `--file=${archive}`,
        `--transform=flags=r;s,^.*$,${to},`,
        `--directory=${made}`,
        from,
      ]).then(() => member);
    await append("link", "absolute", "a");
    await append("through it", "evil", "a/evil-1");
    await append("link", "relative", "r");
    await append("through it", "evil", "r/evil-2");
    await append("up", "evil", "../../victim/evil-3");
    await append("absolute", "evil", path.join(top, "victim", "evil-4"));
    await append("over the file", "evil", path.join(top, "victim", "file"));
    const { invocation } = extractInto(path.join(top, "target/inside"));
    await readInto(testContext(), archive, { ...invocation, okExits: [0, 2] });
    expect(await readdir(path.join(top, "victim"))).toEqual(["file"]);
    expect(await readFile(path.join(top, "victim", "file"), "utf8")).toBe("untouched");
    expect((await readdir(top)).sort()).toEqual(["forged.tar", "made", "target", "victim"]);
    expect(await readdir(path.join(top, "target"))).toEqual(["inside"]);
  });

  test("an archive that is cut within a file, or is none", async () => {
    const directory = await makeTree();
    await writeFile(path.join(directory, "file"), Buffer.alloc(100_000, "x"));
    const context = testContext();
    const key = (await store(context, directory)).artifacts[0]?.key ?? "";
    const whole = await readFile(key);
    for (const broken of [whole.subarray(0, 50_000), Buffer.from("no archive ".repeat(1_000))]) {
      await writeFile(key, broken);
      const target = await tempDir("cut");
      await expect(readInto(context, key, extractInto(target).invocation)).rejects.toMatchObject({ code: "corrupt" });
    }
  });

  test("an archive that is cut between two members is whole to tar; the counts tell", async () => {
    const directory = await makeTree();
    for (let index = 0; index < 100; index += 1) await writeFile(path.join(directory, `${index}`), "");
    const context = testContext();
    const entry = await store(context, directory);
    const key = entry.artifacts[0]?.key ?? "";
    await writeFile(key, (await readFile(key)).subarray(0, 15 * 10_240));
    const target = await tempDir("cut");
    await readInto(context, key, extractInto(target).invocation);
    expect(await compareTree(target, entry)).toContainEqual({
      name: "uploads: files",
      ok: false,
      detail: expect.stringContaining("where the manifest says 100"),
    });
  });

  test("a file system that is full", async (t) => {
    if (!isRoot) skipBecause(t, "only root can mount a small file system");
    const directory = await makeTree();
    await writeFile(path.join(directory, "big"), Buffer.alloc(4 * 2 ** 20, "x"));
    const context = testContext();
    const key = (await store(context, directory)).artifacts[0]?.key ?? "";
    const small = await tempDir("small");
    await run("mount", ["-t", "tmpfs", "-o", "size=1m", "none", small]);
    try {
      await expect(readInto(context, key, extractInto(small).invocation)).rejects.toMatchObject({ code: "no-room" });
    } finally {
      await run("umount", [small]);
    }
  });
});
