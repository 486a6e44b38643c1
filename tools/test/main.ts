// What `npm test` runs after set-up: lint, types, then every test of this tier. Arguments go to vitest and narrow the
// run (`npm test -- test/spec`).
import { execa } from "execa";
import { checkout } from "../servers/tools.ts";
import { type Count, check, closingLine, sum } from "./count.ts";
import { packagesFirst, runTests } from "./run-tests.ts";

/** Runs one script of package.json as one check; its output is shown when it fails. */
async function script(name: string): Promise<Count> {
  const { exitCode, all } = await execa("npm", ["run", "--silent", name], {
    cwd: checkout,
    env: packagesFirst,
    all: true,
    reject: false,
  });
  const ok = exitCode === 0;
  console.log(ok ? `✓ ${name}` : `${all}\n× ${name}`);
  return check(ok);
}

const checks = await Promise.all([script("lint"), script("typecheck")]);
const count = sum(...checks, await runTests("unit", process.argv.slice(2)));
console.log(closingLine(count));
process.exitCode = count.failed > 0 ? 1 : 0;
