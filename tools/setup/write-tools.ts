// Writes what set-up found to .restorable/tools.json: `write-tools.ts FILE name=value …`.
import { renameSync, writeFileSync } from "node:fs";

const [file, ...pairs] = process.argv.slice(2);
if (file === undefined) throw new Error("write-tools.ts needs the file to write");

const found = Object.fromEntries(pairs.map((pair) => pair.split(/=(.*)/s).slice(0, 2)));
const standIns = String(found.standIns).split(",").filter(Boolean);
const tools = { ...found, standIns, offline: standIns.length > 0 };

// Whole or not at all: another terminal may read it just now.
writeFileSync(`${file}.new`, `${JSON.stringify(tools, null, 2)}\n`);
renameSync(`${file}.new`, file);
