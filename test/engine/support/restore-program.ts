import path from "node:path";
import { checkout } from "../../support/tools.ts";

const components = path.join(checkout, "components/index.ts");

/**
 * A program with one plan in a directory repository and a Restore whose launcher is replaced, by a transform, by one
 * that only writes down what it was asked (`$LOG`) and answers with a record; `ok` is false for ids that begin with `bad`.
 */
export const RESTORE_PROGRAM = `
import * as pulumi from "@pulumi/pulumi";
import { BackupPlan, Repository, Restore } from ${JSON.stringify(components)};

const config = new pulumi.Config();
const fake = ({ type, props, opts }) =>
  type === "command:local:Command"
    ? { props: { ...props, environment: pulumi.output(props.environment).apply((env) => ({ ...env, RESTORABLE_LAUNCH: process.env.FAKE_LAUNCHER })) }, opts }
    : undefined;

const repository = new Repository("montagu", { directory: "/backups", environment: "uat" });
const prod = new Repository("prod", { directory: "/backups", environment: "prod", signing: { none: {} }, trusted: [repository.publicKey.apply(String)] });
const plan = new BackupPlan("packit", {
  target: { local: { ledger: "/ledger" } },
  sources: [
    { postgres: { host: "localhost", port: config.getNumber("port"), database: "packit", user: "packit", password: config.getSecret("password") } },
    { files: { directory: "/data" } },
  ],
  repository,
  schedule: { none: {} },
  recipients: ["age1${"q".repeat(58)}", "age1${"p".repeat(58)}"],
  quiesce: { stop: [["docker", "stop", "packit"]], start: [["docker", "start", "packit"]] },
});
const restore = new Restore("restore", {
  plans: [plan],
  from: [prod],
  identity: config.getSecret("identity"),
  request: config.getObject("restore"),
}, { transforms: [fake] });
export const record = restore.record;
export const publicKey = repository.publicKey;
`;

/** The launcher of the program above. */
export const FAKE_LAUNCHER = `
import { appendFileSync } from "node:fs";
import { text } from "node:stream/consumers";
const { request, requestDigest, plan, from, identity } = JSON.parse(await text(process.stdin));
const password = process.env[plan.sources[0].login.password?.name] ?? null;
appendFileSync(process.env.LOG, JSON.stringify({ request, requestDigest, from: from.repository.environment, password, identity: process.env[identity.name] ?? null, argv: process.argv.slice(2) }) + "\\n");
process.stderr.write("restoring packit: 1 MB of 2 MB\\n");
const ok = !request.id.startsWith("bad");
const at = "2026-11-21T10:00:00.000Z";
console.log(JSON.stringify({
  version: 1, id: request.id, ok, request, target: "inline/test/packit", from: { environment: "uat", plan: "packit" },
  started: at, finished: at, seconds: 1, downtimeSeconds: 1, bytes: 1, checks: [], superseded: [], notes: [],
  ...(ok ? {} : { error: { code: "counts-differ", fact: "public.users has 3 rows instead of 4", hint: "choose another point" } }),
}));
`;
