import { createHash, generateKeyPairSync } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { armor, Decrypter, generateIdentity, identityToRecipient } from "age-encryption";
import pg from "pg";
import {
  type CatalogJob,
  canonicalJson,
  type Job,
  type Plan,
  parse,
  plan as planSchema,
  type Repository,
  type Request,
  type Result,
  type ResultOf,
  type Success,
} from "../../spec/index.ts";
import { type PostgresServer, startPostgres } from "../../tools/servers/postgres-server.ts";
import { type S3Server, startS3 } from "../../tools/servers/s3-server.ts";
import { makeTempDir, removeTempDir } from "../support/temp-dir.ts";
import { runRunner } from "./run-runner.ts";

/** Real servers, an operator's key and a plan of one database and one directory. */
export interface World {
  readonly postgres: PostgresServer;
  readonly s3: S3Server;
  readonly directory: string;
  readonly files: string;
  readonly plan: Plan;
  readonly secrets: Readonly<Record<string, string>>;
  readonly operatorKey: string;
  readonly sql: (database: string, text: string) => Promise<pg.QueryResult>;
  readonly run: (job: Job, more?: Readonly<Record<string, string>>) => Promise<Result>;
  readonly close: () => Promise<void>;
}

export const signingKeys = (): { privateKey: string; publicKey: string } => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  return {
    privateKey: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    publicKey: raw.toString("base64"),
  };
};

export interface WorldOptions {
  readonly database?: string;
  readonly repository?: "s3" | "directory";
  readonly change?: (plan: Plan) => Plan;
  /** Where the store listens. @default 127.0.0.1 */
  readonly storeAddress?: string;
}

export async function makeWorld({
  database = "app",
  repository = "s3",
  change = (plan) => plan,
  storeAddress = "127.0.0.1",
}: WorldOptions = {}): Promise<World> {
  const directory = await makeTempDir("world");
  const [postgres, s3] = await Promise.all([startPostgres(), startS3({ address: storeAddress })]);
  await s3.createBucket("backups");
  const files = path.join(directory, "files");
  await mkdir(files);
  const operatorKey = await generateIdentity();
  const signing = signingKeys();
  const prover = signingKeys();
  const secrets = {
    PG_PASSWORD: postgres.password,
    S3_ID: s3.root.accessKeyId,
    S3_SECRET: s3.root.secretAccessKey,
    SIGNING_KEY: signing.privateKey,
    PROVER_KEY: prover.privateKey,
  };
  const location =
    repository === "s3" ? s3Location(s3.endpoint) : { kind: "directory", path: path.join(directory, "repository") };
  const plan = parse(
    planSchema,
    {
      version: 1,
      project: "backups",
      stack: "test-prod",
      name: "app",
      target: { kind: "local", ledger: path.join(directory, "ledger") },
      sources: [
        {
          kind: "postgres",
          name: "db",
          host: "127.0.0.1",
          port: postgres.port,
          database,
          login: { user: "postgres", password: env("PG_PASSWORD") },
        },
        { kind: "files", name: "files", directory: files },
      ],
      repository: {
        environment: "prod",
        location,
        trusted: [signing.publicKey],
        signingKey: env("SIGNING_KEY"),
        provers: [prover.publicKey],
        proverKey: env("PROVER_KEY"),
      },
      recipients: [await identityToRecipient(operatorKey)],
      leaseSeconds: 5,
    },
    "plan",
  );
  const world: World = {
    postgres,
    s3,
    directory,
    files,
    secrets,
    operatorKey,
    plan: change(plan),
    sql: (name, text) => query(postgres, name, text),
    run: (job, more = {}) => runRunner(job, { ...secrets, ...more }),
    close: async () => {
      await Promise.all([postgres.stop(), s3.stop()]);
      await removeTempDir(directory);
    },
  };
  if (database !== "postgres") await world.sql("postgres", `CREATE DATABASE ${pg.escapeIdentifier(database)}`);
  return world;
}

const env = (name: string) => ({ kind: "env" as const, name });

export const s3Location = (endpoint: string) => ({
  kind: "s3" as const,
  bucket: "backups",
  prefix: "",
  endpoint,
  region: "us-east-1",
  pathStyle: true,
  credentials: { writer: { accessKeyId: env("S3_ID"), secretAccessKey: env("S3_SECRET") } },
});

async function query(postgres: PostgresServer, database: string, text: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: postgres.url(database) });
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}

/** The success of a kind, or the test fails with what the runner said. */
export function succeeded<K extends Success["kind"]>(result: Result, kind: K): ResultOf<K> {
  if (!result.ok)
    throw new Error(`${result.kind} failed: ${result.error.code}: ${result.error.fact}; ${result.error.hint}`);
  if (result.kind !== kind) throw new Error(`expected a ${kind} result, got ${result.kind}`);
  return result as unknown as ResultOf<K>;
}

export const backupOf = async (world: World, plan = world.plan): Promise<ResultOf<"backup">["manifest"]> =>
  succeeded(await world.run({ kind: "backup", version: 1, plan }), "backup").manifest;

export const catalogOf = async (
  world: World,
  plan = world.plan,
  more: Partial<CatalogJob> = {},
): Promise<ResultOf<"catalog">> =>
  succeeded(
    await world.run({
      kind: "catalog",
      version: 1,
      repository: plan.repository,
      plan: plan.name,
      unverified: false,
      ...more,
    }),
    "catalog",
  );

/** What a launcher does with the operator's key: opens the selected point's own identity. */
export async function pointIdentity(world: World, plan: Plan, point: CatalogJob["point"]): Promise<string> {
  const { selected } = await catalogOf(world, plan, { point, unverified: true });
  const decrypter = new Decrypter();
  decrypter.addIdentity(world.operatorKey);
  return decrypter.decrypt(armor.decode(Buffer.from(selected?.identity ?? "", "base64").toString()), "text");
}

export interface RestoreAsk {
  readonly plan?: Plan;
  readonly from?: { readonly repository: Repository; readonly plan: string };
  readonly request?: Partial<Request>;
}

let requests = 0;

/** A restore job as the launcher would write it, for one action. */
export function restoreJob(
  world: World,
  action: Extract<Job, { kind: "restore" }>["action"],
  { plan = world.plan, from, request = {} }: RestoreAsk,
): Extract<Job, { kind: "restore" }> {
  requests += 1;
  const whole: Request = {
    id: `request-${requests}`,
    point: "latest",
    into: { replace: {} },
    confirm: `${plan.project}/${plan.stack}/${plan.name}`,
    ...request,
  };
  return {
    kind: "restore",
    version: 1,
    action,
    plan,
    from: from ?? { repository: plan.repository, plan: plan.name },
    request: whole,
    requestDigest: createHash("sha256").update(canonicalJson(whole)).digest("hex"),
    identity: { kind: "env", name: "POINT_IDENTITY" },
  };
}

/** prepare, quiescing, swap, finish: a whole restore without an application around it. */
export async function restoreWhole(world: World, ask: RestoreAsk = {}): Promise<ResultOf<"restore">> {
  const job = restoreJob(world, "prepare", ask);
  const secrets = {
    POINT_IDENTITY: await pointIdentity(
      world,
      { ...job.plan, repository: job.from.repository, name: job.from.plan },
      job.request.point,
    ),
  };
  let last = succeeded(await world.run(job, secrets), "restore");
  for (const action of ["quiescing", "swap", "finish"] as const) {
    if (last.record) return last;
    last = succeeded(await world.run({ ...job, action }, secrets), "restore");
  }
  return last;
}
