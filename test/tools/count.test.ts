import { describe, expect, test } from "vitest";
import { check, closingLine, countReport, skips, sum } from "../../tools/test/count.ts";
import { reportOf } from "../support/report.ts";

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

  test("a file that could not be loaded has failed", () => {
    const report = { startTime: 0, testResults: [{ name: "a.test.ts", status: "failed", assertionResults: [] }] };
    expect(countReport(report)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  test("the closing line is plain and names skips only when there are any", () => {
    expect(closingLine(sum(check(true), check(false), { passed: 5, failed: 0, skipped: 0 }))).toBe(
      "6 passed, 1 failed",
    );
    expect(closingLine({ passed: 6, failed: 0, skipped: 2 })).toBe("6 passed, 0 failed, 2 skipped");
  });
});
