// `npm run capabilities [-- --json]`: which of the promised capabilities the last stored test runs have proven.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { checkout } from "../servers/tools.ts";
import { readReport } from "../test/report.ts";
import { type Run, standings } from "./evidence.ts";
import { readLedger } from "./ledger.ts";
import { asJson, asText } from "./print.ts";

const options = {
  json: { type: "boolean", default: false },
  ledger: { type: "string", default: path.join(checkout, "docs/capabilities.md") },
  results: { type: "string", default: path.join(checkout, "test-results") },
} as const;

function storedRuns(directory: string): readonly Run[] {
  const files = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith(".json")) : [];
  return files.sort().map((name) => ({ tier: path.parse(name).name, report: readReport(path.join(directory, name)) }));
}

const { values } = parseArgs({ options });
const runs = storedRuns(values.results);
for (const { tier, report } of runs) console.error(`${tier}: run of ${new Date(report.startTime).toISOString()}`);
if (runs.length === 0) console.error("no stored test run: `npm test` makes one");
const found = standings(readLedger(readFileSync(values.ledger, "utf8")), runs);
console.log(values.json ? asJson(found) : asText(found));
