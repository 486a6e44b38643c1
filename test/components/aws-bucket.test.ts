import { Provider } from "@pulumi/aws/provider.js";
import { expect, test } from "vitest";
import { BackupBucket, BackupPlan, type BackupPlanArgs, Repository } from "../../components/index.ts";
import { identityPolicy, lifecycleRules, ROLES } from "../../spec/index.ts";
import { CREDENTIALS, PUBLIC_KEY, planArgs } from "./support/args.ts";
import { isSecret, known, mockEngine } from "./support/mock-engine.ts";

const region = "eu-north-1";

test("a bucket on AWS is eight resources, none of them deprecated, each kept at destroy", async () => {
  const engine = await mockEngine();
  new BackupBucket("backups", { aws: { region }, lock: { mode: "compliance", days: 14 }, noncurrentDays: 3 });
  await engine.settled();
  const [component, ...children] = engine.resources;
  expect(component?.retainOnDelete).toBe(true);
  expect(children.map(({ name, type }) => [name, type]).sort()).toEqual([
    ["backups-bucket", "aws:s3/bucket:Bucket"],
    ["backups-encryption", expect.stringMatching(/:BucketServerSideEncryptionConfiguration$/)],
    ["backups-lifecycle", expect.stringMatching(/:BucketLifecycleConfiguration$/)],
    ["backups-lock", expect.stringMatching(/:BucketObjectLockConfiguration$/)],
    ["backups-ownership", "aws:s3/bucketOwnershipControls:BucketOwnershipControls"],
    ["backups-policy", "aws:s3/bucketPolicy:BucketPolicy"],
    ["backups-public-access", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"],
    ["backups-versioning", "aws:s3/bucketVersioning:BucketVersioning"],
  ]);
  for (const child of children) {
    expect(child.retainOnDelete, child.name).toBe(true);
    expect(child.parent).toContain("restorable:index:BackupBucket::backups");
    expect(child.inputs.region).toBe(region);
    expect(child.inputs).not.toHaveProperty("forceDestroy");
  }
});

test("versioned, locked, encrypted, closed to the public, with access lists off", async () => {
  const engine = await mockEngine();
  new BackupBucket("backups", { aws: { region, bucket: "mine" }, lock: { mode: "governance", days: 14 } });
  await engine.settled();
  const inputs = (child: string) => engine.named(`backups-${child}`).inputs;
  expect(inputs("bucket")).toEqual({ bucket: "mine", objectLockEnabled: true, region });
  const of = { bucket: "mine", region };
  expect(inputs("versioning")).toEqual({ ...of, versioningConfiguration: { status: "Enabled" } });
  expect(inputs("lock")).toEqual({ ...of, rule: { defaultRetention: { mode: "GOVERNANCE", days: 14 } } });
  expect(inputs("encryption").rules).toEqual([{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }]);
  expect(inputs("ownership")).toEqual({ ...of, rule: { objectOwnership: "BucketOwnerEnforced" } });
  expect(inputs("public-access")).toEqual({
    ...of,
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  });
  expect(inputs("lifecycle")).toEqual({ ...of, rules: lifecycleRules({}) });
  for (const child of ["lock", "lifecycle"]) {
    expect(engine.named(`backups-${child}`).dependencies).toContainEqual(expect.stringMatching(/backups-versioning$/));
  }
  expect(engine.named("backups-policy").dependencies).toContainEqual(expect.stringMatching(/backups-public-access$/));
});

test("its policy refuses plain HTTP and holds what is granted", async () => {
  const engine = await mockEngine();
  const principal = "arn:aws:iam::123456789012:user/packit";
  new BackupBucket("plain", { aws: { region, bucket: "plain" } });
  new BackupBucket("granted", { aws: { region, bucket: "granted" }, grants: [{ role: "reader", principal }] });
  await engine.settled();
  const statements = (name: string) => JSON.parse(String(engine.named(`${name}-policy`).inputs.policy)).Statement;
  expect(statements("plain")).toEqual([
    {
      Sid: "RestorableTls",
      Effect: "Deny",
      Principal: "*",
      Action: "s3:*",
      Resource: ["arn:aws:s3:::plain", "arn:aws:s3:::plain/*"],
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    },
  ]);
  expect(statements("granted").length).toBeGreaterThan(3);
  expect(statements("granted")[1].Principal).toEqual({ AWS: principal });
});

test("a bucket without a lock is none that can be locked, and a KMS key encrypts it", async () => {
  const engine = await mockEngine();
  const kms = "arn:aws:kms:eu-north-1:123456789012:key/x";
  const bucket = new BackupBucket("backups", { aws: { region, kms } });
  await engine.settled();
  expect(engine.named("backups-bucket").inputs).toEqual({ region });
  expect(engine.resources.map(({ name }) => name)).not.toContain("backups-lock");
  expect(engine.named("backups-encryption").inputs.rules).toEqual([
    { applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: kms }, bucketKeyEnabled: true },
  ]);
  expect(await known(bucket.bucket)).toBe("backups-bucket-0123abc");
});

test("a repository in it declares one identity per role, each with a key of its own, and warns of nothing", async () => {
  const engine = await mockEngine({ stack: "prod" });
  const bucket = new BackupBucket("backups", { aws: { region, bucket: "mine" } });
  const repository = new Repository("montagu", { s3: { bucket, prefix: "montagu" } });
  const spec = await known(repository.spec);
  await engine.settled();
  expect(engine.warnings).toEqual([]);
  expect(spec.location).toMatchObject({ kind: "s3", bucket: "mine", region, pathStyle: false, prefix: "montagu" });
  expect(spec.location).toHaveProperty("endpoint", undefined);
  for (const role of ROLES) {
    const child = (part: string) => engine.named(`montagu-${role}-${part}`);
    expect(child("user").inputs).toEqual({ name: `backups-prod-montagu-${role}` });
    const scope = { arn: "arn:aws:s3:::mine", prefix: "montagu", environment: "prod" };
    expect(JSON.parse(String(child("policy").inputs.policy))).toEqual(identityPolicy(role, scope));
    expect(child("policy").inputs.user).toBe(`backups-prod-montagu-${role}`);
    expect(child("key").dependencies).toContainEqual(expect.stringMatching(new RegExp(`montagu-${role}-policy$`)));
    expect(child("user").parent).toContain("restorable:index:Repository::montagu");
    expect(child("user").retainOnDelete).toBeFalsy();
    const name = `RESTORABLE_MONTAGU_${role.toUpperCase()}_SECRET_ACCESS_KEY`;
    const secret = repository.secrets[name] as never;
    expect(await known(secret)).toBe(`secret of backups-prod-montagu-${role}`);
    expect(spec.location).toMatchObject({ credentials: { [role]: { secretAccessKey: { kind: "env", name } } } });
  }
  const registered = engine.resources.filter(({ type }) => type.startsWith("aws:iam/"));
  expect(registered).toHaveLength(12);
  expect(JSON.stringify(registered.map(({ inputs }) => inputs))).not.toContain("secret of");
});

test("its secrets are secrets for Pulumi too", async () => {
  await mockEngine();
  const repository = new Repository("montagu", { s3: { bucket: new BackupBucket("b", { aws: { region } }) } });
  const { isSecret: isSecretOutput } = await import("@pulumi/pulumi");
  for (const [name, value] of Object.entries(repository.secrets)) {
    if (!name.endsWith("SECRET_ACCESS_KEY")) continue;
    expect(isSecret(value) || (await isSecretOutput(value as never)), name).toBe(true);
  }
});

test("who only reads another environment's gets a reader, and given credentials declare nobody", async () => {
  const engine = await mockEngine();
  const bucket = new BackupBucket("backups", { aws: { region } });
  const s3 = { bucket };
  new Repository("read", { s3, environment: "prod", signing: { none: {} }, trusted: [PUBLIC_KEY] });
  new Repository("own", { s3: { bucket, credentials: { writer: CREDENTIALS } } });
  await engine.settled();
  const users = engine.resources.filter(({ type }) => type === "aws:iam/user:User");
  expect(users.map(({ name }) => name)).toEqual(["read-reader-user"]);
});

test("the caller's provider is everybody's: the bucket's resources and, unless told otherwise, the identities'", async () => {
  const engine = await mockEngine();
  const provider = new Provider("other-account", { region });
  const bucket = new BackupBucket("backups", { aws: { region } }, { provider });
  new Repository("montagu", { s3: { bucket } });
  await engine.settled();
  const declared = engine.resources.filter(({ type }) => /^aws:/.test(type));
  expect(declared.length).toBeGreaterThan(15);
  for (const { name, provider: used } of declared) expect(used, name).toContain("::other-account::");
});

test("a prefix that a policy would misread, or that makes it too long, is refused before anything exists", async () => {
  const engine = await mockEngine();
  const bucket = new BackupBucket("backups", { aws: { region } });
  const build = (prefix: string) => () => new Repository("montagu", { s3: { bucket, prefix } });
  expect(build("mont*")).toThrow('Repository "montagu": s3.prefix: expected a prefix without');
  expect(build("p".repeat(300))).toThrow('Repository "montagu": s3.prefix: is too long');
  await engine.settled();
  expect(engine.resources.map(({ type }) => type)).not.toContain("restorable:index:Repository");
});

test("a plan whose layout the declared identities have no rights for is refused, and names what to grant", async () => {
  await mockEngine({ stack: "prod" });
  const bucket = new BackupBucket("backups", { aws: { region, bucket: "mine" } });
  const dump = { postgres: { host: "db", database: "ailabeltooldb", user: "u", password: "p" } };
  const declare = (name: string, layout: BackupPlanArgs["layout"], s3: object) => () => {
    const repository = new Repository(name, { s3: { bucket, ...s3 }, environment: "prod" });
    const format = layout?.goS3Backup ? { format: "sql" as const } : {};
    new BackupPlan(name, {
      ...planArgs(repository),
      name,
      sources: [{ postgres: { ...dump.postgres, ...format } }],
      layout,
    });
  };
  const [go, aide] = [{ goS3Backup: {} }, { aide: { host: "vbox" } }];
  expect(declare("a", go, {})).toThrow("stores under backup/postgres-backup-*, where the repository's identities");
  expect(declare("b", go, { keys: ["dumps/*"] })).toThrow("in the `keys` of its `s3`");
  expect(declare("c", go, { keys: ["backup/*"] })).not.toThrow();
  expect(declare("d", aide, { keys: ["*-aide_images-*"] })).toThrow("stores under vbox-ailabeltooldb-*");
  expect(declare("e", aide, { keys: ["*-ailabeltooldb-*"] })).not.toThrow();
  expect(declare("f", go, { credentials: { writer: CREDENTIALS } })).not.toThrow();
});
