/**
 * `npm run demo [-- --keep]`: the main job, for real, on embedded servers: deploy, back up, write on, destroy, restore by
 * `pulumi up`, verify, restore production's point onto uat, roll back. Takes under three minutes on two cores.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { execa } from "execa";
import type { Manifest, RestoreRecord } from "../../spec/index.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres-server.ts";
import { type S3Server, startS3 } from "../servers/s3-server.ts";
import { tools } from "../servers/tools.ts";
import { type Figures, printFigures } from "./figures.ts";
import { fingerprint, treeFingerprint, uploads } from "./fingerprint.ts";
import { type DemoProject, makeProject } from "./project.ts";
import { createEmptyDatabase, createSampleDatabase, psql } from "./sample-database.ts";
import { createSampleFiles } from "./sample-files.ts";
import { say } from "./say.ts";

const KEEP = process.argv.includes("--keep");
const APP = path.join(import.meta.dirname, "app.ts");

/** One environment: a database, a directory and an application, under one stack. */
interface Environment {
  readonly name: "prod" | "uat";
  readonly stack: string;
  readonly database: string;
  readonly files: string;
  readonly state: string;
}

interface Demo {
  readonly directory: string;
  readonly postgres: PostgresServer;
  readonly s3: S3Server;
  readonly project: DemoProject;
  readonly prod: Environment;
  readonly uat: Environment;
}

const environment = (directory: string, name: "prod" | "uat", database: string): Environment => ({
  name,
  stack: `demo-${name}`,
  database,
  files: path.join(directory, name, "files"),
  state: path.join(directory, name, "app"),
});

const app = (command: string, { state }: Environment) => [process.execPath, APP, command, state];

const begin = async (): Promise<Demo> => {
  const directory = await mkdtemp(path.join(tmpdir(), "restorable-demo-"));
  say.title(`Starting a PostgreSQL and an S3 server of the demo's own below ${directory}`);
  const [postgres, s3] = await Promise.all([
    startPostgres({
      settings: { max_wal_size: "4GB", shared_buffers: "256MB", maintenance_work_mem: "256MB", fsync: "on" },
    }),
    startS3(),
  ]);
  const prod = environment(directory, "prod", "shop");
  const uat = environment(directory, "uat", "shop_uat");
  const project = await makeProject(directory);
  if (tools().offline)
    say.line(
      `(the official plugins of Pulumi could not be had here: ${tools().standIns.join(" and ")} are stand-ins of this repository; the engine is real)`,
    );
  return { directory, postgres, s3, project, prod, uat };
};

const makeData = async ({ postgres, prod, uat }: Demo): Promise<void> => {
  say.title(
    "Making production's data: a database of about 1 GB and 10,000 files, and an application that keeps writing to both",
  );
  for (const { files, state } of [prod, uat]) {
    await mkdir(files, { recursive: true });
    await mkdir(state, { recursive: true });
  }
  await Promise.all([createSampleDatabase(postgres, prod.database), createSampleFiles(prod.files)]);
  await createEmptyDatabase(postgres, uat.database);
  await writeFile(path.join(uat.files, "old uat file"), "uat\n");
  for (const each of [prod, uat]) {
    const connection = {
      host: postgres.host,
      port: postgres.port,
      user: "shop",
      password: "shop",
      database: each.database,
    };
    await writeFile(path.join(each.state, "app.json"), JSON.stringify({ connection, directory: each.files }), {
      mode: 0o600,
    });
    await runApp("start", each);
  }
};

const runApp = async (command: string, each: Environment): Promise<void> => {
  const [file = "", ...args] = app(command, each);
  await execa(file, args);
};

const stackConfig = (
  { directory, postgres, s3 }: Demo,
  each: Environment,
  recipients: readonly string[],
  more: object,
) => ({
  bucket: { name: "demo-backups", endpoint: s3.endpoint, ...(each.name === "uat" ? { adopt: true } : {}) },
  postgres: { host: postgres.host, port: postgres.port, database: each.database, user: "postgres" },
  directory: each.files,
  ledger: path.join(directory, "ledger"),
  recipients,
  quiesce: { stop: [app("stop", each)], start: [app("start", each)], probe: app("probe", each), timeoutSeconds: 60 },
  ...more,
});

const deploy = async (demo: Demo): Promise<string> => {
  const { postgres, s3, project, prod, uat } = demo;
  const [operator, safe] = await Promise.all([generateIdentity(), generateIdentity()]);
  const recipients = await Promise.all([identityToRecipient(operator), identityToRecipient(safe)]);
  const secrets = {
    accessKeyId: s3.root.accessKeyId,
    secretAccessKey: s3.root.secretAccessKey,
    postgresPassword: postgres.password,
    identity: operator,
  };
  say.title("pulumi up of stack demo-prod: bucket, signing keys, plan");
  await project.initStack(prod.stack, stackConfig(demo, prod, recipients, { protected: true }), secrets);
  await project.up(prod.stack);
  const publicKey = await project.output(prod.stack, "publicKey");
  await project.initStack(
    uat.stack,
    stackConfig(demo, uat, recipients, { from: [{ environment: "prod", publicKey }] }),
    secrets,
  );
  return operator;
};

const request = ({ stack }: Environment, id: string, more: object) => ({
  id,
  point: "latest",
  into: { replace: {} },
  confirm: `backups/${stack}/demo`,
  ...more,
});

/** Asks for a restore in the stack's config and lets `pulumi up` do it. */
const restoreBy = async (demo: Demo, each: Environment, asked: object): Promise<RestoreRecord> => {
  await demo.project.setConfig(each.stack, "restore", asked);
  await demo.project.up(each.stack);
  return (await demo.project.output(each.stack, "record")) as RestoreRecord;
};

const backUp = async ({ project, prod, directory }: Demo): Promise<Manifest> => {
  say.title("restorable backup: database and files as one recovery point, while the application writes");
  const json = await project.restorable("backup", "--stack", prod.stack, "--json");
  await writeFile(path.join(directory, "backup.json"), json);
  return JSON.parse(json).manifest as Manifest;
};

const destroy = async ({ postgres, prod }: Demo): Promise<void> => {
  say.title("Disaster: tables dropped, rows changed, files deleted");
  await psql(
    postgres,
    prod.database,
    "DROP TABLE pgbench_accounts, event CASCADE; DELETE FROM tenant_note; SELECT count(lo_unlink(oid)) FROM pg_largeobject_metadata;",
  );
  await rm(path.join(prod.files, "study 7"), { recursive: true });
  await rm(path.join(prod.files, "odd"), { recursive: true });
};

const different = (a: readonly string[], b: readonly string[]): readonly string[] =>
  a.filter((line) => !b.includes(line));

const main = async (demo: Demo): Promise<void> => {
  const { postgres, project, prod, uat } = demo;
  await makeData(demo);
  const operatorKey = await deploy(demo);
  const checks: string[] = [];
  const expectEqual = (what: string, wrong: readonly string[]) => {
    if (wrong.length > 0) throw new Error(`${what}: not equal: ${wrong.slice(0, 5).join("; ")}`);
    checks.push(what);
    say.line(`✔ ${what}`);
  };

  const before = await fingerprint(postgres, prod.database);
  const treeBefore = await treeFingerprint(prod.files);
  const manifest = await backUp(demo);
  const backedUp = performance.now();
  await project.restorable("list", "--stack", prod.stack);
  const atDisaster = await uploads(postgres, prod.database, prod.files);
  await destroy(demo);

  say.title("pulumi up with a request in the stack's config: restore beside, compare, swap");
  const record = await restoreBy(demo, prod, request(prod, "after-the-disaster", { reason: "the demo's disaster" }));
  const lost = performance.now() - backedUp;
  const restored = await uploads(postgres, prod.database, prod.files);
  expectEqual(
    `${before.length} tables and the large objects have the rows and digests from before the disaster`,
    different(before, await fingerprint(postgres, prod.database)),
  );
  const sameTree = (await treeFingerprint(prod.files)) === treeBefore;
  expectEqual(
    "names, modes, owners, times and contents of all files are as before",
    sameTree ? [] : ["the digests differ"],
  );
  expectEqual(
    "every restored row of the application has its file",
    restored.withoutFile === 0 ? [] : [`${restored.withoutFile} rows without a file`],
  );

  say.title("restorable verify: the point is read to its last byte, with the operator's key");
  const identity = path.join(demo.directory, "operator.txt");
  await writeFile(identity, `${operatorKey}\n`, { mode: 0o600 });
  await project.restorable("verify", "latest", "--stack", prod.stack, "--identity", identity);

  say.title("pulumi up of stack demo-uat: production's point onto uat");
  const onto = await restoreBy(
    demo,
    uat,
    request(uat, "refresh-from-prod", { from: { environment: "prod", plan: "demo" } }),
  );
  expectEqual("uat has production's rows, and its own settings", [
    ...different(before, await fingerprint(postgres, uat.database)),
    ...(await ownSetting(demo)),
  ]);

  say.title("restorable rollback: uat gets its own data back");
  await project.restorable("rollback", "refresh-from-prod", "--stack", uat.stack, "--confirm", "backups/demo-uat/demo");
  expectEqual(
    "uat's own file is back",
    (await readFile(path.join(uat.files, "old uat file"), "utf8")) === "uat\n" ? [] : ["it is not"],
  );

  const figures: Figures = {
    manifest,
    record,
    onto,
    uploadsLost: atDisaster.rows - restored.rows,
    secondsSinceBackup: lost / 1000,
    checks,
  };
  printFigures(figures);
};

const ownSetting = async ({ postgres, uat }: Demo): Promise<readonly string[]> => {
  const found = await psql(postgres, uat.database, "SHOW work_mem");
  return found === "3MB" ? [] : [`work_mem is ${found}`];
};

const end = async ({ directory, postgres, s3, project, prod, uat }: Demo): Promise<void> => {
  if (KEEP) {
    say.title(`Kept: ${directory}. Servers and applications run until you end this with Ctrl-C.`);
    say.line("In another shell, to look around:");
    for (const line of [...project.shell, `psql ${postgres.url(prod.database)}`]) say.line(`  ${line}`);
    await new Promise((resolve) => process.once("SIGINT", resolve));
  }
  // Also what never started: a demo may be ended at any moment.
  await Promise.allSettled([runApp("stop", prod), runApp("stop", uat)]);
  await Promise.all([postgres.stop(), s3.stop()]);
  await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  say.line("everything that the demo made is removed");
};

const demo = await begin();
let [failed, stopped] = [false, false];
process.on("SIGINT", () => {
  if (KEEP || stopped) return; // the end waits for it, or is under way
  stopped = true;
  void end(demo).finally(() => process.exit(130));
});
try {
  await main(demo);
} catch (error) {
  failed = true;
  if (!stopped) console.error(`\nThe demo failed: ${error instanceof Error ? error.message : error}`);
}
if (!stopped) {
  await end(demo);
  process.exit(failed ? 1 : 0);
}
