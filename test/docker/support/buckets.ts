import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { CreateBucketCommand, type S3Client } from "@aws-sdk/client-s3";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { type Plan, parse, plan as planSchema, ROLES, type Role } from "../../../spec/index.ts";
import { checkout } from "../../../tools/servers/tools.ts";
import { runRunner } from "../../runner/run-runner.ts";
import type { World } from "../../runner/world.ts";
import type { PulumiRun } from "../../support/pulumi-stack.ts";
import { type S3Keys, type S3Server, startS3 } from "../../support/s3-server.ts";
import { makeTempDir, removeTempDir } from "../../support/temp-dir.ts";
import { type AwsStack, awsStack } from "./aws/stack.ts";
import { type Ceph, startCeph } from "./ceph.ts";
import { Place } from "./docker.ts";

/**
 * Both kinds of bucket on one RGW, declared by one `pulumi up`, each with a plan of files that runs on this machine; and
 * a locked one whose plan shares what it stores between points: incremental files, and copies of the bucket `media`.
 */
export interface Buckets {
  readonly ceph: Ceph;
  readonly aws: AwsStack;
  readonly up: PulumiRun;
  readonly owner: S3Client;
  readonly kinds: Readonly<Record<Kind, BucketOfKind>>;
  readonly locked: BucketOfKind;
  readonly close: () => Promise<void>;
}

export const KINDS = ["compatible", "amazon"] as const;
export type Kind = (typeof KINDS)[number];
type PlanName = Kind | "locked";

export interface BucketOfKind {
  readonly bucket: string;
  /** What the helpers of the runner's tests work on; it has neither a database nor a server of its own. */
  readonly world: World;
  readonly as: Readonly<Record<Role, S3Client>>;
}

const PREFIX = "backups";

const PROGRAM = `
import * as pulumi from "@pulumi/pulumi";
import { BackupBucket, BackupPlan, Repository } from ${JSON.stringify(path.join(checkout, "components/index.ts"))};

const { endpoint, owner, users, versitygw, place, recipients } = JSON.parse(process.env.BUCKETS);
const secret = ({ accessKeyId, secretAccessKey }) => ({ accessKeyId: pulumi.secret(accessKeyId), secretAccessKey: pulumi.secret(secretAccessKey) });
const store = { endpoint, credentials: secret(owner) };
const days = { noncurrentDays: 1, abortUploadsAfterDays: 1 };
const grants = Object.keys(users).map((role) => ({ role, principal: "arn:aws:iam:::user/" + role, prefix: "${PREFIX}", environment: "prod" }));

const compatible = new BackupBucket("compatible", { create: { ...store, bucket: "compatible" }, grants, ...days });
const amazon = new BackupBucket("amazon", { aws: { region: "us-east-1", bucket: "amazon" }, ...days });
const governance = new BackupBucket("governance", { create: { ...store, bucket: "governance" }, grants, lock: { mode: "governance", days: 1 }, ...days });
new BackupBucket("compliance", { aws: { region: "us-east-1", bucket: "compliance" }, lock: { mode: "compliance", days: 1 }, ...days });
const lacking = new BackupBucket("lacking", { create: { endpoint: versitygw.endpoint, bucket: "lacking", credentials: secret(versitygw) } });

const credentials = Object.fromEntries(Object.entries(users).map(([role, keys]) => [role, secret(keys)]));
const repositories = {
  compatible: new Repository("compatible", { s3: { bucket: compatible, prefix: "${PREFIX}", credentials } }),
  amazon: new Repository("amazon", { s3: { bucket: amazon, prefix: "${PREFIX}" } }),
  locked: new Repository("locked", { s3: { bucket: governance, prefix: "${PREFIX}", credentials } }),
};
const files = { files: { directory: place + "/data" } };
const shared = [
  { files: { directory: place + "/shared", store: { incremental: {} } } },
  { objects: { name: "media", bucket: "media", prefix: "", endpoint, credentials: store.credentials, store: { copy: {} } } },
];
const plan = (kind, sources = [files]) => new BackupPlan(kind, {
  target: { local: { ledger: place + "/ledger-" + kind } },
  sources,
  repository: repositories[kind],
  schedule: { none: {} },
  retention: { keepLast: 1, minimum: 1 },
  recipients,
});
const plans = [plan("compatible"), plan("amazon"), plan("locked", shared)];
export const specs = Object.fromEntries(plans.map((plan) => [plan.planName, plan.spec]));
export const secrets = Object.fromEntries(plans.map((plan) => [plan.planName, plan.secrets]));
export const lacks = lacking.abilities;
`;

export async function makeBuckets(): Promise<Buckets> {
  const ends: (() => unknown)[] = [];
  try {
    return await make(ends);
  } catch (error) {
    for (const end of ends.toReversed()) await end();
    throw error;
  }
}

async function make(ends: (() => unknown)[]): Promise<Buckets> {
  const place = await Place.make();
  ends.push(() => place.remove());
  const [ceph, s3, directory] = await Promise.all([startCeph(place), startS3(), makeTempDir("buckets")]);
  ends.push(
    () => removeTempDir(directory),
    () => s3.stop(),
    ceph.close,
  );
  for (const name of ["data", "shared"]) await mkdir(path.join(directory, name));
  await writeFile(path.join(directory, "data/a"), "content");
  const [owner, ...users] = await Promise.all([
    ceph.createUser("owner", "users=*;user-policy=*"),
    ...ROLES.map((role) => ceph.createUser(role)),
  ]);
  await ceph.client(owner).send(new CreateBucketCommand({ Bucket: "media" }));
  const operatorKey = await generateIdentity();
  const env = environment({ ceph, s3, directory, owner, users, recipient: await identityToRecipient(operatorKey) });
  const aws = await awsStack(PROGRAM, { ceph, account: owner, env });
  ends.push(() => aws.stack.remove());
  const up = await aws.stack.up();
  if (!up.ok) throw new Error(up.text);
  const outputs = (await aws.stack.outputs()) as unknown as Outputs;
  const kind = (name: PlanName) => ofKind(name, outputs, { ceph, directory, operatorKey });
  return {
    ceph,
    aws,
    up,
    owner: ceph.client(owner),
    kinds: { compatible: kind("compatible"), amazon: kind("amazon") },
    locked: kind("locked"),
    close: async () => {
      for (const end of ends.toReversed()) await end();
    },
  };
}

interface Started {
  readonly ceph: Ceph;
  readonly s3: S3Server;
  readonly directory: string;
  readonly owner: S3Keys;
  readonly users: readonly S3Keys[];
  readonly recipient: string;
}

const environment = ({ ceph, s3, directory, owner, users, recipient }: Started) => ({
  BUCKETS: JSON.stringify({
    endpoint: ceph.endpoint,
    owner,
    users: Object.fromEntries(ROLES.map((role, index) => [role, users[index]])),
    versitygw: { endpoint: s3.endpoint, ...s3.root },
    place: directory,
    recipients: [recipient],
  }),
});

interface Outputs {
  readonly specs: Readonly<Record<PlanName, Plan>>;
  readonly secrets: Readonly<Record<PlanName, Readonly<Record<string, string>>>>;
}

/** The declared plan, as jobs get it; AWS's own endpoint is RGW here. */
function ofKind(
  kind: PlanName,
  outputs: Outputs,
  { ceph, directory, operatorKey }: { ceph: Ceph; directory: string; operatorKey: string },
): BucketOfKind {
  const declared = outputs.specs[kind];
  const { location } = declared.repository;
  if (location.kind !== "s3") throw new Error("a bucket was declared");
  const reached = { ...location, endpoint: ceph.endpoint, pathStyle: true };
  const plan = parse(planSchema, { ...declared, repository: { ...declared.repository, location: reached } }, "plan");
  const secrets = outputs.secrets[kind];
  const world = {
    plan,
    secrets,
    operatorKey,
    directory,
    run: (job, more = {}) => runRunner(job, { ...secrets, ...more }),
  } satisfies Partial<World>;
  const keysOf = (role: Role): S3Keys => {
    const [id, secret] = ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY"].map(
      (part) => secrets[`RESTORABLE_${kind}_${role}_${part}`.toUpperCase()] ?? "",
    ) as [string, string];
    return { accessKeyId: id, secretAccessKey: secret };
  };
  const as = Object.fromEntries(ROLES.map((role) => [role, ceph.client(keysOf(role))])) as Record<Role, S3Client>;
  return { bucket: location.bucket, world: world as unknown as World, as };
}
