// What `npm test` runs after set-up: lint, types, then every test of this tier. Arguments go to vitest and narrow the
// run (`npm test -- test/spec`); the result of a narrowed run is not stored, because capabilities are read from it.
import { existsSync, rmSync } from "node:fs";
import path from "node:path";
import { execa } from "execa";
import { checkout } from "../servers/tools.ts";
import { type Count, check, closingLine, countReport, skips, sum } from "./count.ts";
import { readReport } from "./report.ts";

const env = { PATH: `${path.join(checkout, "node_modules/.bin")}${path.delimiter}${process.env.PATH}` };

/** Runs one script of package.json as one check; its output is shown when it fails. */
async function script(name: string): Promise<Count> {
  const { exitCode, all } = await execa("npm", ["run", "--silent", name], {
    cwd: checkout,
    env,
    all: true,
    reject: false,
  });
  const ok = exitCode === 0;
  console.log(ok ? `✓ ${name}` : `${all}\n× ${name}`);
  return check(ok);
}

async function tests(args: readonly string[]): Promise<Count> {
  const stored = path.join(checkout, args.length > 0 ? ".restorable/narrowed-run.json" : "test-results/unit.json");
  rmSync(stored, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${stored}`];
  const { exitCode } = await execa("vitest", ["run", ...reporters, ...args], {
    cwd: checkout,
    env,
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
  const count = countReport(report);
  if (exitCode === 0 || count.failed > 0) return count;
  console.log("× vitest failed outside of the tests (above)");
  return sum(count, check(false));
}

const count = sum(...(await Promise.all([script("lint"), script("typecheck")])), await tests(process.argv.slice(2)));
console.log(closingLine(count));
process.exitCode = count.failed > 0 ? 1 : 0;
