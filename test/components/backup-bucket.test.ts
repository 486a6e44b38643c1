import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { BackupBucket, type BackupBucketArgs } from "../../components/index.ts";
import { launch } from "../../spec/index.ts";
import { CREDENTIALS, ENDPOINT } from "./support/args.ts";
import { isSecret, known, mockEngine, unwrapped } from "./support/mock-engine.ts";

const create: BackupBucketArgs = { create: { ...ENDPOINT, bucket: "my-backups", credentials: CREDENTIALS } };

const RESULT = JSON.stringify({
  version: 1,
  ok: true,
  kind: "bucket",
  started: "2026-11-21T10:00:00Z",
  finished: "2026-11-21T10:00:01Z",
  bucket: "my-backups",
  created: true,
  abilities: [
    { name: "versioning", ok: true },
    { name: "lifecycle by tag", ok: false, instead: "the pruner deletes" },
  ],
});

test("a created bucket is one Command that the launcher runs, kept at destroy, with no text for deletion", async () => {
  const engine = await mockEngine();
  new BackupBucket("backups", { ...create, lock: { mode: "governance", days: 14 }, noncurrentDays: 2 });
  await engine.settled();
  expect(engine.resources.map(({ name, type }) => [name, type])).toEqual([
    ["backups", "restorable:index:BackupBucket"],
    ["backups-bucket", "command:local:Command"],
  ]);
  const command = engine.named("backups-bucket");
  expect(command.parent).toContain("restorable:index:BackupBucket::backups");
  expect(command.retainOnDelete).toBe(true);
  expect(command.ignoreChanges).toEqual(["create", "environment", "stdin", "dir", "interpreter", "logging"]);
  expect(command.inputs).toMatchObject({
    create: '"$RESTORABLE_NODE" "$RESTORABLE_LAUNCH"; exit $?',
    logging: "stderr",
    addPreviousOutputInEnv: false,
  });
  expect(Object.keys(command.inputs).sort()).toEqual([
    "addPreviousOutputInEnv",
    "create",
    "environment",
    "logging",
    "stdin",
    "triggers",
  ]);
  const given = launch.parse(JSON.parse(String(command.inputs.stdin)));
  expect(given).toMatchObject({
    kind: "bucket",
    job: { mode: "create", bucket: "my-backups", lock: { days: 14 }, noncurrentDays: 2 },
  });
});

test("its secrets are only in the environment, which is secret", async () => {
  const engine = await mockEngine();
  new BackupBucket("backups", create);
  await engine.settled();
  const { environment, ...others } = engine.named("backups-bucket").inputs;
  expect(isSecret(environment)).toBe(true);
  expect(unwrapped(environment)).toMatchObject({
    RESTORABLE_BACKUPS_BUCKET_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    RESTORABLE_BACKUPS_BUCKET_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    RESTORABLE_NODE: process.execPath,
    RESTORABLE_LAUNCH: expect.stringMatching(/launch\/main\.ts$/),
  });
  expect(JSON.stringify(others)).not.toContain(CREDENTIALS.secretAccessKey);
  expect(JSON.stringify(others)).not.toContain(CREDENTIALS.accessKeyId);
});

test("triggers are the same for another order of keys and another password, and differ for another declaration", async () => {
  const engine = await mockEngine();
  const { endpoint } = ENDPOINT;
  new BackupBucket("a", {
    create: { credentials: { ...CREDENTIALS, secretAccessKey: "new" }, bucket: "my-backups", endpoint },
  });
  new BackupBucket("b", create);
  new BackupBucket("c", { ...create, noncurrentDays: 5 });
  await engine.settled();
  const trigger = (name: string) =>
    String(engine.named(`${name}-bucket`).inputs.triggers).replaceAll(`RESTORABLE_${name.toUpperCase()}_`, "");
  expect(trigger("a")).toBe(trigger("b"));
  expect(trigger("c")).not.toBe(trigger("b"));
});

test("its name is made from project, stack and name, and known at preview", async () => {
  await mockEngine({ stack: "Montagu_UAT" });
  const bucket = new BackupBucket("backups", { create: { ...ENDPOINT, credentials: CREDENTIALS } });
  expect(await known(bucket.bucket)).toBe("backups-montagu-uat-backups");
});

test("what the store cannot do is a warning with what takes its place", async () => {
  const engine = await mockEngine({ stdout: { "backups-bucket": RESULT } });
  const bucket = new BackupBucket("backups", create);
  expect((await known(bucket.abilities)).map(({ name }) => name)).toEqual(["versioning", "lifecycle by tag"]);
  expect(engine.warnings).toEqual(["the store has no lifecycle by tag; instead: the pruner deletes"]);
});

test("nothing is declared on an existing bucket", async () => {
  const engine = await mockEngine();
  const bucket = new BackupBucket("backups", { existing: { ...ENDPOINT, bucket: "theirs" } });
  expect(await known(bucket.bucket)).toBe("theirs");
  await engine.settled();
  expect(engine.resources.map(({ name }) => name)).toEqual(["backups"]);
});

test("adopt says so in its job", async () => {
  const engine = await mockEngine();
  new BackupBucket("backups", { adopt: { ...ENDPOINT, bucket: "theirs", credentials: CREDENTIALS } });
  await engine.settled();
  expect(JSON.parse(String(engine.named("backups-bucket").inputs.stdin)).job.mode).toBe("adopt");
});

const WRITER = { role: "writer", principal: "arn:aws:iam:::user/packit-writer" } as const;

test("what is granted reaches the job, and an identity that is an Output too", async () => {
  const engine = await mockEngine();
  const principal = pulumi.output(WRITER.principal);
  new BackupBucket("backups", {
    ...create,
    grants: [{ ...WRITER, principal, prefix: "montagu", environment: "prod" }],
  });
  await engine.settled();
  const { job } = JSON.parse(String(engine.named("backups-bucket").inputs.stdin));
  expect(job.grants).toEqual([{ ...WRITER, prefix: "montagu", environment: "prod" }]);
});

const WRONG: readonly (readonly [unknown, string])[] = [
  [{}, "expected exactly one of create, adopt, existing, aws; received none of them"],
  [
    { ...create, existing: { ...ENDPOINT, bucket: "theirs" } },
    "expected exactly one of create, adopt, existing, aws; received create and existing",
  ],
  [{ create: { credentials: CREDENTIALS } }, "create.endpoint: is missing; expected string"],
  [{ create: { ...create.create, endpoint: "s3.example.org" } }, "create.endpoint: Invalid URL"],
  [{ create: { ...create.create, region: 1 } }, "create.region: expected string, received number"],
  [{ create: { ...create.create, pathStyle: "yes" } }, "create.pathStyle: expected boolean, received string"],
  [{ create: { ...create.create, ca: "" } }, "create.ca: expected some text"],
  [{ create: { ...create.create, bucket: "Backups" } }, "create.bucket: expected an S3 bucket name"],
  [{ create: { ...ENDPOINT } }, "create.credentials: is missing; expected object"],
  [
    { create: { ...ENDPOINT, credentials: { accessKeyId: "a" } } },
    "create.credentials.secretAccessKey: is missing; expected string",
  ],
  [
    { create: { ...ENDPOINT, credentials: { ...CREDENTIALS, accessKeyId: 1 } } },
    "create.credentials.accessKeyId: expected string, received number",
  ],
  [
    { create: { ...ENDPOINT, credentials: { ...CREDENTIALS, sessionToken: "" } } },
    "create.credentials.sessionToken: expected some text",
  ],
  [{ adopt: { ...ENDPOINT, credentials: CREDENTIALS } }, "adopt.bucket: is missing; expected string"],
  [{ existing: { ...ENDPOINT } }, "existing.bucket: is missing; expected string"],
  [{ ...create, lock: { mode: "soft", days: 1 } }, "lock.mode: "],
  [{ ...create, lock: { mode: "governance", days: 0 } }, "lock.days: expected number to be >=1"],
  [{ ...create, noncurrentDays: "1" }, "noncurrentDays: expected number, received string"],
  [{ ...create, abortUploadsAfterDays: 0.5 }, "abortUploadsAfterDays: expected int, received number"],
  [{ ...create, forceDestroy: true }, "unknown key 'forceDestroy'"],
  [{ ...create, grants: [{ role: "owner", principal: "x" }] }, "grants[0].role: "],
  [{ ...create, grants: [{ role: "writer", principal: "*" }] }, "grants[0].principal: expected one identity"],
  [{ ...create, grants: [{ ...WRITER, prefix: "a*" }] }, "grants[0].prefix: expected a prefix without '*'"],
  [{ ...create, grants: [{ ...WRITER, plan: "App" }] }, "grants[0].plan: expected 1 to 63 characters"],
  [
    {
      ...create,
      grants: Array(400)
        .fill(0)
        .map(() => ({ ...WRITER, principal: `u${Math.random()}` })),
    },
    "grants: are too many",
  ],
  [{ existing: { ...ENDPOINT, bucket: "theirs" }, grants: [WRITER] }, "grants: nothing is declared on an existing"],
  [{ aws: {} }, "aws.region: is missing; expected string"],
  [{ aws: { region: "eu-north-1", bucket: "Backups" } }, "aws.bucket: expected an S3 bucket name"],
  [{ aws: { region: "eu-north-1", kms: "key" } }, "aws.kms: expected the ARN of a KMS key"],
  [{ aws: { region: "eu-north-1", endpoint: "https://x" } }, "aws: unknown key 'endpoint'"],
];

test.each(WRONG)("[beyond.8] wrong arguments are one line with its path: %#", async (args, line) => {
  const engine = await mockEngine();
  const outputs = Object.fromEntries(Object.entries(args as object).map(([key, value]) => [key, value]));
  expect(() => new BackupBucket("backups", outputs as BackupBucketArgs)).toThrow(`BackupBucket "backups": ${line}`);
  const withOutput = {
    ...outputs,
    ...("create" in outputs && outputs.create.endpoint
      ? { create: { ...outputs.create, region: outputs.create.region === 1 ? 1 : pulumi.output("r") } }
      : {}),
  };
  expect(() => new BackupBucket("backups", withOutput as BackupBucketArgs)).toThrow(`BackupBucket "backups": ${line}`);
  await engine.settled();
  expect(engine.resources).toEqual([]);
});
