import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { tempDir } from "../support/temp-dir.ts";
import { checkout } from "../support/tools.ts";

/** Runs a copy of .ci/run in a project whose scripts are these. */
async function ciRun(scripts: Record<string, string>) {
  const project = await tempDir("ci");
  await mkdir(path.join(project, ".ci"));
  await copyFile(path.join(checkout, ".ci/run"), path.join(project, ".ci/run"));
  await chmod(path.join(project, ".ci/run"), 0o755);
  await writeFile(path.join(project, "package.json"), JSON.stringify({ name: "ci", scripts }, null, 2));
  const { exitCode, stdout } = await execa(path.join(project, ".ci/run"), { reject: false, cwd: "/" });
  return { exitCode, lines: stdout.split("\n"), last: stdout.split("\n").at(-1) };
}

describe(".ci/run", () => {
  test("adds the tiers that exist up, shows their output, and is green when they are", async () => {
    const { exitCode, lines, last } = await ciRun({
      test: "echo seen; echo 3 passed, 0 failed",
      "test:docker": "echo 4 passed, 0 failed, 1 skipped",
      "test:other": "echo 100 passed, 0 failed",
    });
    expect(exitCode).toBe(0);
    expect(lines).toContain("seen");
    expect(last).toBe("7 passed, 0 failed, 1 skipped");
  });

  test("goes on after a tier that failed, and fails", async () => {
    const { exitCode, last } = await ciRun({
      test: "echo 3 passed, 2 failed; exit 1",
      "test:kubernetes": "echo 1 passed, 0 failed",
    });
    expect(exitCode).toBe(1);
    expect(last).toBe("4 passed, 2 failed");
  });

  test("names what failed again just before its last line", async () => {
    const { lines } = await ciRun({
      test: "echo '× a.test.ts: adds up: expected 2 to be 3'; echo 3 passed, 1 failed; exit 1",
      "test:docker": "echo 4 passed, 0 failed",
    });
    expect(lines.slice(-2)).toEqual(["× test: a.test.ts: adds up: expected 2 to be 3", "7 passed, 1 failed"]);
  });

  test("a tier without a closing line has failed", async () => {
    const { exitCode, last } = await ciRun({ test: "echo nothing" });
    expect(exitCode).toBe(1);
    expect(last).toBe("0 passed, 1 failed");
  });

  test("a tier that fails after a green closing line has failed", async () => {
    const { exitCode, last } = await ciRun({ test: "echo 3 passed, 0 failed; exit 7" });
    expect(exitCode).toBe(1);
    expect(last).toBe("3 passed, 1 failed");
  });
});
