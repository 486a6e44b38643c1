/** A program of files in a directory; `place` in its config is where both are. */
export const PROGRAM = `
import * as pulumi from "@pulumi/pulumi";
import * as restorable from "restorable";
import { ERROR_CODES, type Manifest } from "restorable/spec";

const config = new pulumi.Config();
const place = config.require("place");

const repository = new restorable.Repository("archive", { directory: \`\${place}/repository\`, environment: "prod" });
const shop = new restorable.BackupPlan("shop", {
  target: { local: { ledger: \`\${place}/ledger\` } },
  sources: [{ files: { directory: \`\${place}/data\` } }],
  repository,
  recipients: [config.require("recipient")],
});
const restore = new restorable.Restore("restore", {
  plans: [shop],
  identity: config.getSecret("identity"),
  request: config.getObject<restorable.RestoreRequest>("restore"),
});

// @ts-expect-error exactly one kind of source
export const both: restorable.SourceArgs = { files: { directory: "/a" }, postgres: { host: "b", database: "c", user: "d" } };
// @ts-expect-error no such place
export const wrong: restorable.TargetChoice = { cloud: {} };

export const record = restore.record;
export const exit = ERROR_CODES.busy.exit satisfies number;
export const plan = (manifest: Manifest): string => manifest.plan;
`;

/** Strict, and the libraries' own declarations are checked as well. */
export const TSCONFIG = JSON.stringify({
  compilerOptions: {
    target: "es2024",
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
  },
  files: ["index.ts"],
});
