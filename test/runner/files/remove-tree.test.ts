import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { besideDirectory, type SwapNames, supersededDirectory } from "../../../runner/files/names.ts";
import { emptyDirectory, removeBeside, removeSuperseded } from "../../../runner/files/remove-tree.ts";
import { skipBecause } from "../../support/skip.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { testContext } from "../../support/test-context.ts";
import { isRoot, makeShapes } from "./shapes.ts";

const context = testContext();
const at = new Date("2026-11-21T01:00:00Z");

const makeNames = async (): Promise<SwapNames> => {
  const live = path.join(await tempDir("remove"), "data");
  return { live, beside: besideDirectory(live, "one"), superseded: supersededDirectory(live, at), existed: true };
};

test("every shape goes, and what a link leads to stays", async () => {
  const names = await makeNames();
  const outside = path.join(path.dirname(names.live), "outside");
  await mkdir(outside);
  await writeFile(path.join(outside, "file"), "kept");
  for (const directory of [names.beside, names.superseded]) {
    await mkdir(directory);
    await makeShapes(directory);
    await symlink(outside, path.join(directory, "to outside"));
  }
  await removeBeside(context, names);
  await removeSuperseded(context, names);
  await removeBeside(context, names);
  expect(await readdir(path.dirname(names.live))).toEqual(["outside"]);
  expect(await readFile(path.join(outside, "file"), "utf8")).toBe("kept");
});

test.each([
  ["the live directory", (names: SwapNames) => ({ beside: names.live, superseded: names.live })],
  [
    "a neighbour",
    ({ live }: SwapNames) => ({ beside: `${live}2_new_one`, superseded: `${live}2_org_20261121T010000Z` }),
  ],
  ["another pattern", ({ live }: SwapNames) => ({ beside: `${live}_old`, superseded: `${live}_org_yesterday` })],
  ["each for the other", ({ beside, superseded }: SwapNames) => ({ beside: superseded, superseded: beside })],
  ["something further up", ({ live }: SwapNames) => ({ beside: path.dirname(live), superseded: path.dirname(live) })],
  ["something further down", ({ live }: SwapNames) => ({ beside: `${live}_new_one/tree`, superseded: `${live}/x` })],
])("refused: %s", async (_, wrong) => {
  const right = await makeNames();
  const names = { ...right, ...wrong(right) };
  for (const directory of [right.live, names.beside, names.superseded]) await mkdir(directory, { recursive: true });
  await expect(async () => removeBeside(context, names)).rejects.toMatchObject({ code: "bug" });
  await expect(async () => removeSuperseded(context, names)).rejects.toMatchObject({ code: "bug" });
  for (const directory of [right.live, names.beside, names.superseded]) expect(await readdir(directory)).toBeDefined();
});

test("what is mounted below stays", async (t) => {
  if (!isRoot) skipBecause(t, "only root can mount");
  const names = await makeNames();
  const mounted = path.join(names.superseded, "mounted");
  await mkdir(mounted, { recursive: true });
  await promisify(execFile)("mount", ["-t", "tmpfs", "none", mounted]);
  try {
    await writeFile(path.join(mounted, "file"), "kept");
    await expect(removeSuperseded(context, names)).rejects.toMatchObject({ code: "process-failed" });
    expect(await readdir(mounted)).toEqual(["file"]);
  } finally {
    await promisify(execFile)("umount", [mounted]);
  }
});

test("a directory is emptied and stays, or is made; what is kept inside it stays too", async () => {
  const { live } = await makeNames();
  await emptyDirectory(context, live);
  await makeShapes(live);
  const kept = path.basename(supersededDirectory(live, at, "inside"));
  await mkdir(path.join(live, kept, "tree"), { recursive: true });
  await emptyDirectory(context, live);
  expect(await readdir(live)).toEqual([kept]);
  expect(await readdir(path.join(live, kept))).toEqual(["tree"]);
});
