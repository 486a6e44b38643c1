import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { localProgram } from "../../launch/run-program.ts";
import { tempDir } from "../support/temp-dir.ts";
import { waitFor } from "../support/wait-for.ts";

const node = process.execPath;
const run = localProgram({ PATH: process.env.PATH ?? "" });

test("a program's arguments reach it as they are, without a shell", async () => {
  const script = "process.exit(process.argv[1] === '$HOME; * \\'' ? 0 : 3)";
  expect(await run([node, "-e", script, "$HOME; * '"], 30)).toMatchObject({ ok: true });
});

test("a failure says how it ended and what it printed", async () => {
  const end = await run([node, "-e", "console.log('one'); console.error('no such unit'); process.exitCode = 5"], 30);
  expect(end.ok).toBe(false);
  expect(end.text).toMatch(/ended with exit code 5: one \| no such unit$/);
});

test("a program that is not there is a failure, not an exception", async () => {
  expect(await run(["restorable-no-such-program"], 30)).toMatchObject({
    ok: false,
    text: expect.stringContaining("ENOENT"),
  });
});

test("[core.6] a program that hangs is ended with all that it started", async () => {
  const file = path.join(await tempDir(), "pid");
  const end = await run(["/bin/sh", "-c", `sleep 300 & echo $! >${file}; wait`], 0.5);
  expect(end).toMatchObject({ ok: false, text: expect.stringContaining("was ended after 0.5 s") });
  const pid = Number(await readFile(file, "utf8"));
  await waitFor("its child to be gone", () => isGone(pid));
});

test("an application that a program leaves running keeps its output and does not hold the launcher", async () => {
  const file = path.join(await tempDir(), "done");
  const end = await run(["/bin/sh", "-c", `(sleep 0.3; echo still writing && touch ${file}) &`], 30);
  expect(end.ok).toBe(true);
  await waitFor("the application to have written", () => readFile(file).then(() => true));
});

const isGone = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
};
