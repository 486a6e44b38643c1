import path from "node:path";
import { checkout } from "../../support/tools.ts";

const components = path.join(checkout, "components/index.ts");

/** A program with one plan of files in a directory repository, run by the real launcher and runner. `$PLACE` is its folder. */
export const FILES_PROGRAM = `
import * as pulumi from "@pulumi/pulumi";
import { BackupPlan, Repository, Restore } from ${JSON.stringify(components)};

const config = new pulumi.Config();
const place = process.env.PLACE;
const program = (name) => [process.execPath, place + "/" + name + ".ts"];

const repository = new Repository("montagu", { directory: place + "/repository", environment: "uat" });
const plan = new BackupPlan("packit", {
  target: { local: { ledger: place + "/ledger" } },
  sources: [{ files: { directory: place + "/data" } }],
  repository,
  recipients: [config.require("recipient")],
  quiesce: { stop: [program("stop")], start: [program("start")], timeoutSeconds: 60 },
});
const restore = new Restore("restore", {
  plans: [plan],
  identity: config.getSecret("identity"),
  request: config.getObject("restore"),
});
export const record = restore.record;
`;

/** Stops the application; where a file \`hold\` is, it first waits to be killed. */
export const STOP = `
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
const place = import.meta.dirname;
appendFileSync(place + "/log", "stop\\n");
if (existsSync(place + "/hold")) {
  writeFileSync(place + "/held", JSON.stringify({ stop: process.pid, launcher: process.ppid }));
  setInterval(() => undefined, 1000);
}
`;

export const START = `
import { appendFileSync } from "node:fs";
appendFileSync(import.meta.dirname + "/log", "start\\n");
`;
