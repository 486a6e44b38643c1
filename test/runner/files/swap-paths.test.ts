import { cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { movesFor } from "../../../runner/files/moves.ts";
import { besideDirectory, besideTree, type SwapForm, supersededDirectory } from "../../../runner/files/names.ts";
import { removeBeside } from "../../../runner/files/remove-tree.ts";
import { finishSwap, type PathsPart, swapPaths, undoPaths } from "../../../runner/files/swap-paths.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { testContext } from "../../support/test-context.ts";
import { treeDigest } from "../../support/tree-digest.ts";

const at = new Date("2026-11-21T01:00:00Z");
/** One that changed, one that is gone, a directory with a file too many, and one whose directory is gone. */
const PATHS = ["-dash/new\nline", "gone *", "folder", "lost/deep/er"];

const write = async (directory: string, files: Readonly<Record<string, string>>): Promise<void> => {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(directory, name)), { recursive: true });
    await writeFile(path.join(directory, name), text);
  }
};

const makeScene = async (form: SwapForm): Promise<{ part: PathsPart; lines: () => Promise<string[]> }> => {
  const live = path.join(await tempDir("paths"), "data");
  await write(live, { "-dash/new\nline": "old", "-dash/other": "other", "folder/a": "old", "folder/extra": "extra" });
  const names = {
    live,
    beside: besideDirectory(live, "one", form),
    superseded: supersededDirectory(live, at, form),
    existed: true,
  };
  await write(besideTree(names), {
    "-dash/new\nline": "new",
    "gone *": "new",
    "folder/a": "new",
    "lost/deep/er": "new",
  });
  const part: PathsPart = { kind: "files", source: "files", ...names, moves: [...(await movesFor(live, PATHS))] };
  return { part, lines: () => contents(live) };
};

/** Names and what is in them; neither ours, nor times of directories. */
const contents = async (directory: string): Promise<string[]> =>
  (await treeDigest(directory))
    .filter((line) => !/^(# file: )?(\.\/)?\.restorable-/.test(line))
    .map((line) => line.split(" | ").toSpliced(3, 1).join(" | "));

const steps = async (generator: AsyncGenerator<string>, count: number): Promise<boolean> => {
  for (let step = 0; step < count; step += 1) if ((await generator.next()).done) return false;
  return true;
};

describe.each<SwapForm>(["sibling", "inside"])("paths are put back · %s", (form) => {
  test("what was picked is as it was, the rest is untouched, and what stood there is kept and comes back", async () => {
    const { part, lines } = await makeScene(form);
    expect(part.moves.map(({ path: moved, existed }) => [moved, existed])).toEqual([
      ["-dash/new\nline", true],
      ["gone *", false],
      ["folder", true],
      ["lost", false],
    ]);
    const before = await lines();
    await finishSwap(swapPaths(part));
    const text = (name: string) => readFile(path.join(part.live, name), "utf8").catch(() => "nothing");
    const names = [...PATHS.slice(0, 2), "folder/a", "folder/extra", "lost/deep/er", "-dash/other"];
    expect(await Promise.all(names.map(text))).toEqual(["new", "new", "new", "nothing", "new", "other"]);
    const kept = besideTree({ live: part.live, beside: part.superseded });
    expect(await readFile(path.join(kept, "-dash/new\nline"), "utf8")).toBe("old");
    expect(await readFile(path.join(kept, "folder/extra"), "utf8")).toBe("extra");
    const after = await lines();
    await finishSwap(swapPaths(part));
    expect(await lines()).toEqual(after);
    await finishSwap(undoPaths(part));
    expect(await lines()).toEqual(before);
    await finishSwap(undoPaths(part));
    expect(await lines()).toEqual(before);
    await removeBeside(testContext(), part);
    expect(await contents(path.dirname(part.live))).toHaveLength(before.length + 1);
  });

  test("left after each step, the swap completes and the undo takes back, whichever was left", async () => {
    const { part, lines } = await makeScene(form);
    const before = await lines();
    await finishSwap(swapPaths(part));
    const after = await lines();
    for (let count = 0; await steps(undoPaths(part), count); count += 1) {
      await finishSwap(swapPaths(part));
      expect([count, await lines()]).toEqual([count, after]);
      await steps(undoPaths(part), count);
      await finishSwap(undoPaths(part));
      expect([count, await lines()]).toEqual([count, before]);
      await finishSwap(swapPaths(part));
    }
    await finishSwap(undoPaths(part));
    for (let count = 0; await steps(swapPaths(part), count); count += 1) {
      await finishSwap(undoPaths(part));
      expect([count, await lines()]).toEqual([count, before]);
      await steps(swapPaths(part), count);
      await finishSwap(swapPaths(part));
      expect([count, await lines()]).toEqual([count, after]);
      await finishSwap(undoPaths(part));
    }
  });

  test("an undo before anything was begun touches nothing, also where the copy beside is not whole", async () => {
    const { part, lines } = await makeScene(form);
    await rm(path.join(besideTree(part), "folder"), { recursive: true });
    const before = await lines();
    await finishSwap(undoPaths(part));
    expect(await lines()).toEqual(before);
  });

  test("what has come to be at a place meanwhile is not displaced", async () => {
    const { part } = await makeScene(form);
    await write(part.live, { "lost/somebody's": "work" });
    await expect(finishSwap(swapPaths(part))).rejects.toMatchObject({ code: "cannot-swap" });
    await finishSwap(undoPaths(part));
    expect(await readFile(path.join(part.live, "lost/somebody's"), "utf8")).toBe("work");
    expect(await readFile(path.join(part.live, "folder/extra"), "utf8")).toBe("extra");
  });

  test("nothing is put through a symbolic link, before the swap and in it", async () => {
    const { part } = await makeScene(form);
    const elsewhere = await tempDir("elsewhere");
    await cp(path.join(part.live, "-dash"), elsewhere, { recursive: true });
    await rm(path.join(part.live, "-dash"), { recursive: true });
    await symlink(elsewhere, path.join(part.live, "-dash"));
    await expect(movesFor(part.live, PATHS)).rejects.toMatchObject({ code: "cannot-swap" });
    await expect(finishSwap(swapPaths(part))).rejects.toMatchObject({ code: "cannot-swap" });
    expect(await readFile(path.join(elsewhere, "new\nline"), "utf8")).toBe("old");
  });
});
