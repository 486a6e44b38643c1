import { createHash, randomBytes } from "node:crypto";
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from "@aws-sdk/client-s3";
import { armor, Decrypter, generateIdentity, identityToRecipient } from "age-encryption";
import {
  type CatalogJob,
  canonicalJson,
  type Job,
  type Plan,
  parse,
  plan as planSchema,
  type Request,
  type Result,
  type ResultOf,
} from "../../../spec/index.ts";
import { S3_IMAGE } from "../../../tools/docker/images.ts";
import { s3Location, signingKeys, succeeded } from "../../runner/world.ts";
import { waitFor } from "../../support/wait-for.ts";
import { docker, Place } from "./docker.ts";
import { type ContainerRun, type RunOptions, startInContainer } from "./run-runner.ts";

/** PostgreSQL 17, an S3 store and a volume of files on a Docker network, and a plan that backs them up. */
export interface DockerWorld {
  readonly place: Place;
  readonly plan: Plan;
  /** What every runner is handed. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly operatorKey: string;
  readonly postgres: string;
  readonly ledger: string;
  /** The volume that the plan's files source reads. */
  readonly files: string;
  readonly sql: (database: string, text: string) => Promise<string>;
  readonly start: (job: Job, more?: Readonly<Record<string, string>>, options?: RunOptions) => ContainerRun;
  readonly run: (job: Job, more?: Readonly<Record<string, string>>, options?: RunOptions) => Promise<Result>;
  readonly close: () => Promise<void>;
}

/** What is there instead of PostgreSQL 17 with the database `app`. */
export interface DatabaseChoice {
  readonly image: string;
  readonly database: string;
}

export async function makeDockerWorld(
  choice: DatabaseChoice = { image: "postgres:17-trixie", database: "app" },
): Promise<DockerWorld> {
  const place = await Place.make();
  try {
    return await fill(place, choice);
  } catch (error) {
    await place.remove();
    throw error;
  }
}

async function fill(place: Place, choice: DatabaseChoice): Promise<DockerWorld> {
  const secret = () => randomBytes(16).toString("hex");
  const signing = signingKeys();
  const operatorKey = await generateIdentity();
  const secrets = {
    PG_PASSWORD: secret(),
    S3_ID: `root-${secret()}`,
    S3_SECRET: secret(),
    SIGNING_KEY: signing.privateKey,
  };
  const [postgres, files, ledger] = await Promise.all([
    startPostgres(place, secrets.PG_PASSWORD, choice),
    place.volume("files"),
    place.volume("ledger"),
    startS3(place, secrets),
  ]);
  const plan = planOf(choice.database, signing.publicKey, await identityToRecipient(operatorKey));
  const volumes = ["--volume", `${files}:/data:ro`, "--volume", `${ledger}:/var/lib/restorable`];
  const start: DockerWorld["start"] = (job, more = {}, { args = [], ...options } = {}) =>
    startInContainer(place, job, { ...secrets, ...more }, { args: [...volumes, ...args], ...options });
  return {
    place,
    plan,
    secrets,
    operatorKey,
    postgres,
    ledger,
    files,
    sql: (database, text) => psql(postgres, database, text),
    start,
    run: async (job, more, options) => {
      const { result, stderr } = await start(job, more, options).ended;
      if (!result) throw new Error(`the runner printed no result:\n${stderr}`);
      return result;
    },
    close: () => place.remove(),
  };
}

const env = (name: string) => ({ kind: "env" as const, name });

const planOf = (database: string, trusted: string, recipient: string): Plan =>
  parse(
    planSchema,
    {
      version: 1,
      project: "backups",
      stack: "docker-test",
      name: "app",
      target: { kind: "local", ledger: "/var/lib/restorable" },
      sources: [
        {
          kind: "postgres",
          name: "db",
          host: "db",
          database,
          login: { user: "postgres", password: env("PG_PASSWORD") },
        },
        { kind: "files", name: "files", directory: "/data" },
      ],
      repository: {
        environment: "prod",
        location: s3Location("http://s3:7070"),
        trusted: [trusted],
        signingKey: env("SIGNING_KEY"),
      },
      recipients: [recipient],
      leaseSeconds: 5,
    },
    "plan",
  );

async function startPostgres(place: Place, password: string, { image, database }: DatabaseChoice): Promise<string> {
  const settings = ["--env", `POSTGRES_PASSWORD=${password}`, "--env", `POSTGRES_DB=${database}`, "--shm-size", "256m"];
  // As a service of a compose project would be.
  const compose = [
    "--label",
    `com.docker.compose.project=${place.network}`,
    "--label",
    "com.docker.compose.service=db",
  ];
  const name = await place.start("db", image, [...settings, ...compose]);
  // By TCP: while it makes its cluster, the server listens on its socket only.
  await waitFor("PostgreSQL", () =>
    docker("exec", name, "pg_isready", "--host", "127.0.0.1", "--dbname", database).then(() => true),
  );
  return name;
}

/** The store in a container, so that it is reached in the same way whoever's engine it is; with a bucket `backups`. */
async function startS3(place: Place, keys: { readonly S3_ID: string; readonly S3_SECRET: string }): Promise<void> {
  const root = ["--env", `ROOT_ACCESS_KEY=${keys.S3_ID}`, "--env", `ROOT_SECRET_KEY=${keys.S3_SECRET}`];
  const name = await place.start("s3", S3_IMAGE, [...root, "--publish", "127.0.0.1::7070"]);
  const [address] = (await docker("port", name, "7070/tcp")).split("\n");
  const client = new S3Client({
    endpoint: `http://${address}`,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: keys.S3_ID, secretAccessKey: keys.S3_SECRET },
  });
  try {
    await waitFor("the S3 store", () => client.send(new CreateBucketCommand({ Bucket: "backups" })));
    const VersioningConfiguration = { Status: "Enabled" } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket: "backups", VersioningConfiguration }));
  } finally {
    client.destroy();
  }
}

/** What a query answers, one line per row; the server's own superuser, by its socket. */
const psql = (container: string, database: string, text: string): Promise<string> =>
  docker(
    ...["exec", "--user", "postgres", container, "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"],
    ...["--set", "ON_ERROR_STOP=1", "--dbname", database, "--command", text],
  );

/** The catalog of the plan, read in a container. */
export async function catalogOf(world: DockerWorld, more: Partial<CatalogJob> = {}): Promise<ResultOf<"catalog">> {
  const { repository, name } = world.plan;
  const job = { kind: "catalog", version: 1, repository, plan: name, unverified: false, ...more } as const;
  return succeeded(await world.run(job), "catalog");
}

/** The key of one point, opened with the operator's, which never goes into a container. */
export async function pointIdentity(world: DockerWorld, point: string): Promise<string> {
  const { selected } = await catalogOf(world, { point });
  const decrypter = new Decrypter();
  decrypter.addIdentity(world.operatorKey);
  return decrypter.decrypt(armor.decode(Buffer.from(selected?.identity ?? "", "base64").toString()), "text");
}

/** A restore beside what is there needs no application to stop: one job claims, restores, checks and records. */
export async function restoreBeside(
  { plan, run }: DockerWorld,
  { point, identity, into }: { readonly point: string; readonly identity: string; readonly into: Request["into"] },
  args: readonly string[] = [],
): Promise<ResultOf<"restore">["record"]> {
  const { project, stack, name, repository } = plan;
  const confirm = `${project}/${stack}/${name}`;
  const request: Request = { id: `restore-${Object.keys(into)[0]}`, point, into, confirm };
  const job: Extract<Job, { kind: "restore" }> = {
    kind: "restore",
    version: 1,
    action: "prepare",
    plan,
    from: { repository, plan: name },
    request,
    requestDigest: createHash("sha256").update(canonicalJson(request)).digest("hex"),
    identity: { kind: "env", name: "POINT_IDENTITY" },
  };
  let last: ResultOf<"restore"> | undefined;
  for (const action of ["prepare", "quiescing", "swap", "finish"] as const) {
    if (last?.record) break;
    last = succeeded(await run({ ...job, action }, { POINT_IDENTITY: identity }, { args }), "restore");
  }
  return last?.record;
}
