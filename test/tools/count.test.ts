import { symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { check, closingLine, countReport, failures, skips, sum } from "../../tools/test/count.ts";
import { readReport } from "../../tools/test/report.ts";
import { reportOf } from "../support/report.ts";
import { tempDir } from "../support/temp-dir.ts";
import { checkout } from "../support/tools.ts";

describe("the count of a run", () => {
  test("passed, failed and explained skips", () => {
    const report = reportOf(["a", "passed"], ["b", "failed"], ["g › c", "skipped", "no Docker here"]);
    expect(countReport(report)).toEqual({ passed: 1, failed: 1, skipped: 1 });
    expect(skips(report)).toEqual([{ title: "g › c", reason: "no Docker here" }]);
  });

  test.each(["skipped", "pending", "todo", "disabled"] as const)(
    "a test that is %s without a reason has failed",
    (status) => {
      expect(countReport(reportOf(["a", "passed"], ["b", status]))).toEqual({ passed: 1, failed: 1, skipped: 0 });
    },
  );

  test("the reason that a test gives arrives through vitest's own report", async () => {
    const root = await tempDir("skip");
    await symlink(path.join(checkout, "node_modules"), path.join(root, "node_modules"));
    await writeFile(
      path.join(root, "a.test.ts"),
      `import { test } from "vitest";
      import { skipBecause } from ${JSON.stringify(path.join(checkout, "test/support/skip.ts"))};
      test("explained", (context) => skipBecause(context, "no Docker here"));
      test("silent", (context) => context.skip());
      test("passes", () => {});`,
    );
    const report = path.join(root, "report.json");
    const args = ["run", "--root", root, "--reporter=json", `--outputFile=${report}`];
    await execa("vitest", args, { cwd: root, preferLocal: true, localDir: checkout });
    expect(skips(readReport(report))).toEqual([
      { title: "explained", reason: "no Docker here" },
      { title: "silent", reason: undefined },
    ]);
    expect(countReport(readReport(report))).toEqual({ passed: 1, failed: 1, skipped: 1 });
  });

  test("a file that could not be loaded has failed", () => {
    const report = { startTime: 0, testResults: [{ name: "a.test.ts", status: "failed", assertionResults: [] }] };
    expect(countReport(report)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  test("what failed is one line each: file, title and reason, without colours", async () => {
    const root = await tempDir("failures");
    await symlink(path.join(checkout, "node_modules"), path.join(root, "node_modules"));
    await writeFile(
      path.join(root, "a.test.ts"),
      `import { expect, test } from "vitest";
      test("adds up", () => expect(1 + 1, "\u001b[31mred\u001b[0m").toBe(3));
      test("passes", () => {});`,
    );
    await writeFile(path.join(root, "b.test.ts"), 'throw new Error("cannot be loaded");');
    const report = path.join(root, "report.json");
    const args = ["run", "--root", root, "--reporter=json", `--outputFile=${report}`];
    await execa("vitest", args, { cwd: root, preferLocal: true, localDir: checkout, reject: false });
    const lines = [...failures(readReport(report), root)].sort();
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^a\.test\.ts: adds up: AssertionError: red: expected 2 to be 3/);
    expect(lines[1]).toMatch(/^b\.test\.ts: cannot be loaded/);
  });

  test("the closing line is plain and names skips only when there are any", () => {
    expect(closingLine(sum(check(true), check(false), { passed: 5, failed: 0, skipped: 0 }))).toBe(
      "6 passed, 1 failed",
    );
    expect(closingLine({ passed: 6, failed: 0, skipped: 2 })).toBe("6 passed, 0 failed, 2 skipped");
  });
});
