import path from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { Report } from "./report.ts";

export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Adds counts up. */
export const sum = (...counts: readonly Count[]): Count => ({
  passed: counts.reduce((total, { passed }) => total + passed, 0),
  failed: counts.reduce((total, { failed }) => total + failed, 0),
  skipped: counts.reduce((total, { skipped }) => total + skipped, 0),
});

/** One check of its own, such as lint. */
export const check = (ok: boolean): Count => ({ passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 });

/** The line that ends every run: plain, so that people and programs read the same. */
export function closingLine({ passed, failed, skipped }: Count): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** Long enough to tell an assertion from a time limit, short enough for a line in a CI's log. */
const FAILURE_LENGTH = 500;

/** One line for every test that failed and every file that could not be loaded: its file below `root`, title, why. */
export function failures(report: Report, root: string): readonly string[] {
  return report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = path.relative(root, name);
    const failed = assertionResults.filter((result) => result.status === "failed");
    if (failed.length === 0)
      return status === "failed" ? [oneLine(`${file}: ${message ?? "could not be loaded"}`)] : [];
    return failed.map(({ ancestorTitles, title, failureMessages = [] }) =>
      oneLine(`${file}: ${[...ancestorTitles, title].join(" › ")}: ${failureMessages.join(" | ")}`),
    );
  });
}

const oneLine = (text: string) => stripVTControlCharacters(text).replace(/\s+/g, " ").slice(0, FAILURE_LENGTH);

export interface Skip {
  readonly title: string;
  readonly reason: string | undefined;
}

/** Every test that did not run, with the reason it gave. */
export function skips(report: Report): readonly Skip[] {
  const results = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  return results
    .filter(({ status }) => status !== "passed" && status !== "failed")
    .map(({ ancestorTitles, title, meta }) => ({
      title: [...ancestorTitles, title].join(" › "),
      reason: meta?.skipReason,
    }));
}

/** Counts a run. A skip without a reason is a failure, and so is a file that could not even be loaded. */
export function countReport(report: Report): Count {
  const results = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  const of = (wanted: string) => results.filter(({ status }) => status === wanted).length;
  const broken = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some(({ status }) => status === "failed"),
  ).length;
  const unexplained = skips(report).filter(({ reason }) => !reason).length;
  return {
    passed: of("passed"),
    failed: of("failed") + broken + unexplained,
    skipped: skips(report).length - unexplained,
  };
}
