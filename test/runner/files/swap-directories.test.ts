import { execFile } from "node:child_process";
import { chmod, mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import {
  besideDirectory,
  besideTree,
  type SwapForm,
  type SwapNames,
  supersededDirectory,
} from "../../../runner/files/names.ts";
import { removeBeside, removeSuperseded } from "../../../runner/files/remove-tree.ts";
import {
  directorySwapState,
  settleSwap,
  swapDirectory,
  swapSteps,
  undoDirectorySwap,
  undoSteps,
} from "../../../runner/files/swap-directories.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { testContext } from "../../support/test-context.ts";
import { treeDigest } from "../../support/tree-digest.ts";
import { makeShapes } from "./shapes.ts";

const at = new Date("2026-11-21T01:00:00Z");
const context = testContext();

interface Scene {
  readonly names: SwapNames;
  /** What is live in data: ours and the directory's own time left out. */
  readonly live: () => Promise<string[] | "nothing">;
  readonly old: string[] | "nothing";
  readonly fresh: string[];
}

const makeScene = async (form: SwapForm, existed: boolean): Promise<Scene> => {
  const live = path.join(await tempDir("swap"), "data");
  const names: SwapNames = {
    live,
    beside: besideDirectory(live, "one", form),
    superseded: supersededDirectory(live, at, form),
    existed,
  };
  if (existed || form === "inside") await mkdir(live, { mode: 0o750 });
  if (existed) {
    await makeShapes(live);
    await writeFile(path.join(live, "generation"), "old");
  }
  const old = await digest(live);
  const tree = besideTree(names);
  await mkdir(tree, { recursive: true });
  for (const name of ["one", "two", "generation", "text"]) await writeFile(path.join(tree, name), "new");
  await mkdir(path.join(tree, "folder/below"), { recursive: true });
  await chmod(tree, 0o2711);
  const fresh = (await digest(tree)) as string[];
  return { names, live: () => digest(live), old, fresh };
};

const digest = async (directory: string): Promise<string[] | "nothing"> => {
  if (!(await stat(directory).catch(() => undefined))) return "nothing";
  const [root = "", ...lines] = await treeDigest(directory);
  const own = /^(# file: )?(\.\/)?\.restorable-/;
  return [root.split(" | ").toSpliced(3, 1).join(" | "), ...lines.filter((line) => !own.test(line))];
};

const dieAfter = async (direction: "swap" | "undo", steps: number, names: SwapNames): Promise<"killed" | "done"> => {
  const script = path.join(import.meta.dirname, "swap-child.ts");
  try {
    await promisify(execFile)(process.execPath, [script, direction, String(steps), JSON.stringify(names)]);
    return "done";
  } catch (error) {
    if ((error as { signal?: string }).signal === "SIGKILL") return "killed";
    throw error;
  }
};

const countSteps = async (steps: AsyncGenerator<string>): Promise<number> => {
  let count = 0;
  for await (const _ of steps) count += 1;
  return count;
};

const cases: readonly (readonly [SwapForm, boolean])[] = [
  ["sibling", true],
  ["sibling", false],
  ["inside", true],
  ["inside", false],
];

describe.each(cases)("%s, live existed: %s", (form, existed) => {
  test("swaps, swaps only once, and swaps back", async () => {
    const { names, live, old, fresh } = await makeScene(form, existed);
    expect(await directorySwapState(names)).toBe("ready");
    await swapDirectory(context, names);
    expect(await live()).toEqual(fresh);
    expect(await directorySwapState(names)).toBe("swapped");
    await swapDirectory(context, names);
    expect(await live()).toEqual(fresh);
    await undoDirectorySwap(context, names);
    expect(await live()).toEqual(old);
    expect(await directorySwapState(names)).toBe("ready");
    expect(await digest(besideTree(names))).toEqual(fresh);
    await undoDirectorySwap(context, names);
    expect(await live()).toEqual(old);
    await removeBeside(context, names);
    expect(await directorySwapState(names)).toBe("not-loaded");
    expect(await live()).toEqual(old);
  });

  test("after a kill at each step, the swap completes and the undo takes back, whichever was killed", async () => {
    const { names, live, old, fresh } = await makeScene(form, existed);
    const swapLength = await countSteps(swapSteps(context, names));
    const undoLength = await countSteps(undoSteps(context, names));
    expect(await live()).toEqual(old);
    // The children of a large tree are moved alike: a kill before, among and after them is enough.
    const points = (length: number) =>
      [...new Set([0, 1, 2, length - 2, length - 1, length])].filter((step) => step >= 0 && step <= length);
    for (const steps of points(swapLength)) {
      expect(await dieAfter("swap", steps, names)).toBe("killed");
      await undoDirectorySwap(context, names);
      expect([steps, await live()]).toEqual([steps, old]);
      expect(await dieAfter("swap", steps, names)).toBe("killed");
      await swapDirectory(context, names);
      expect([steps, await live()]).toEqual([steps, fresh]);
      await undoDirectorySwap(context, names);
    }
    await swapDirectory(context, names);
    for (const steps of points(undoLength)) {
      expect(await dieAfter("undo", steps, names)).toBe("killed");
      await swapDirectory(context, names);
      expect([steps, await live()]).toEqual([steps, fresh]);
      expect(await dieAfter("undo", steps, names)).toBe("killed");
      await undoDirectorySwap(context, names);
      expect([steps, await live()]).toEqual([steps, old]);
      await swapDirectory(context, names);
    }
  });

  test("before anything was loaded, an undo touches nothing, and a swap refuses", async () => {
    const { names, live, old } = await makeScene(form, existed);
    await rm(besideTree(names), { recursive: true });
    expect(await directorySwapState(names)).toBe("not-loaded");
    await undoDirectorySwap(context, names);
    expect(await live()).toEqual(old);
    await expect(swapDirectory(context, names)).rejects.toMatchObject({ code: "cannot-swap" });
    expect(await live()).toEqual(old);
  });

  test("settled, nothing of the copy beside is left", async () => {
    const { names, live, fresh } = await makeScene(form, existed);
    await swapDirectory(context, names);
    await settleSwap(names);
    await settleSwap(names);
    const around = await readdir(path.dirname(names.beside));
    expect(around.filter((name) => name.includes("new"))).toEqual([]);
    expect(await live()).toEqual(fresh);
  });
});

describe.each(["sibling", "inside"] as const)("a rollback, %s", (form) => {
  test("is the swap of what was superseded, and keeps the restored data in its turn", async () => {
    const { names, live, old, fresh } = await makeScene(form, true);
    await swapDirectory(context, names);
    const later = supersededDirectory(names.live, new Date("2026-11-22T01:00:00Z"), form);
    const back: SwapNames = { ...names, beside: names.superseded, superseded: later };
    const length = await countSteps(swapSteps(context, back));
    expect(await live()).toEqual(old);
    const again: SwapNames = { ...names, beside: later, superseded: names.superseded };
    for (const steps of [0, 1, 2, length - 1, length]) {
      await swapDirectory(context, again);
      expect(await live()).toEqual(fresh);
      expect(await dieAfter("swap", steps, back)).toBe("killed");
      await swapDirectory(context, back);
      expect([steps, await live()]).toEqual([steps, old]);
    }
    await removeSuperseded(context, back);
    expect(await live()).toEqual(old);
  });
});

describe("what somebody else made meanwhile", () => {
  test("an empty directory that came to be under the live name is replaced; one with files is not", async () => {
    const { names, live, fresh, old } = await makeScene("sibling", true);
    await dieAfter("swap", 1, names);
    await mkdir(names.live);
    await writeFile(path.join(names.live, "theirs"), "x");
    await expect(swapDirectory(context, names)).rejects.toMatchObject({ code: "cannot-swap" });
    await expect(undoDirectorySwap(context, names)).rejects.toMatchObject({ code: "cannot-swap" });
    expect(await digest(names.superseded)).toEqual(old);
    await rm(path.join(names.live, "theirs"));
    await swapDirectory(context, names);
    expect(await live()).toEqual(fresh);
  });

  test("a live directory that came to be before the swap of a new one is refused, and survives an undo", async () => {
    const { names } = await makeScene("sibling", false);
    await mkdir(names.live);
    await writeFile(path.join(names.live, "theirs"), "x");
    await expect(swapDirectory(context, names)).rejects.toMatchObject({ code: "cannot-swap" });
    await undoDirectorySwap(context, names);
    await removeBeside(context, names);
    expect(await readdir(names.live)).toEqual(["theirs"]);
  });

  test("a file that came to be in a mount point is not written over", async () => {
    const { names } = await makeScene("inside", true);
    const [steps, all] = [swapSteps(context, names), [] as string[]];
    for await (const step of steps) {
      all.push(step);
      if (step === "all that was live is superseded") break;
    }
    await writeFile(path.join(names.live, "one"), "theirs");
    await expect(swapDirectory(context, names)).rejects.toMatchObject({
      code: "cannot-swap",
      fact: expect.stringContaining(path.join(names.live, "one")),
    });
    await rename(path.join(names.live, "one"), path.join(path.dirname(names.live), "theirs"));
    await swapDirectory(context, names);
    expect(await directorySwapState(names)).toBe("swapped");
  });
});
