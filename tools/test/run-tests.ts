import { existsSync, rmSync } from "node:fs";
import path from "node:path";
import { execa } from "execa";
import { checkout } from "../servers/tools.ts";
import { type Count, check, countReport, failures, skips, sum } from "./count.ts";
import { readReport } from "./report.ts";

/** The programs of this checkout's packages come first. */
export const packagesFirst = {
  PATH: `${path.join(checkout, "node_modules/.bin")}${path.delimiter}${process.env.PATH}`,
};

/**
 * Runs the tests of one tier and counts them. `narrowed` goes to vitest; only a run without any is stored in
 * `test-results/<tier>.json`, because capabilities are read from it.
 */
export async function runTests(
  tier: string,
  narrowed: readonly string[],
  options: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Count> {
  const whole = narrowed.length === 0;
  const stored = path.join(checkout, whole ? `test-results/${tier}.json` : ".restorable/narrowed-run.json");
  rmSync(stored, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${stored}`];
  const { exitCode } = await execa("vitest", ["run", ...options, ...reporters, ...narrowed], {
    cwd: checkout,
    env: { ...packagesFirst, ...env },
    stdio: "inherit",
    reject: false,
  });
  if (!existsSync(stored)) {
    console.log("× vitest ended without a report");
    return check(false);
  }
  const report = readReport(stored);
  for (const { title, reason } of skips(report)) {
    console.log(reason ? `↓ skipped: ${title}: ${reason}` : `× skipped without a reason: ${title}`);
  }
  for (const failure of failures(report, checkout)) console.log(`× ${failure}`);
  const count = countReport(report);
  if (exitCode === 0 || count.failed > 0) return count;
  console.log("× vitest failed outside of the tests (above)");
  return sum(count, check(false));
}
