import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { Repository, type RepositoryArgs } from "../../components/index.ts";
import { repository as repositorySchema } from "../../spec/index.ts";
import { aBucket, CREDENTIALS, PUBLIC_KEY } from "./support/args.ts";
import { isSecret, known, mockEngine, unwrapped } from "./support/mock-engine.ts";

test("a repository keeps two key pairs in Stashes that stay as they were first", async () => {
  const engine = await mockEngine();
  const repository = new Repository("montagu", { directory: "/backups", environment: "uat" });
  const spec = await known(repository.spec);
  await engine.settled();
  for (const name of ["montagu-signing", "montagu-proving"]) {
    const stash = engine.named(name);
    expect(stash).toMatchObject({ type: "pulumi:index:Stash", ignoreChanges: ["input"] });
    expect(stash.parent).toContain("restorable:index:Repository::montagu");
    expect(isSecret(stash.inputs.input)).toBe(true);
  }
  const signing = unwrapped(engine.named("montagu-signing").inputs.input) as { privateKey: string; publicKey: string };
  expect(spec).toMatchObject({
    trusted: [signing.publicKey],
    signingKey: { kind: "env", name: "RESTORABLE_MONTAGU_SIGNING_KEY" },
  });
  expect(spec.provers).toHaveLength(1);
  expect(spec.provers).not.toEqual(spec.trusted);
  expect(repositorySchema.parse(spec)).toEqual(spec);
});

test("the generated key pair is an Ed25519 one, its public half in raw base64", async () => {
  const engine = await mockEngine();
  new Repository("montagu", { directory: "/backups" });
  await engine.settled();
  const { privateKey, publicKey } = unwrapped(engine.named("montagu-signing").inputs.input) as Record<string, string>;
  const signature = sign(null, Buffer.from("text"), createPrivateKey(privateKey as string));
  const x = Buffer.from(publicKey as string, "base64").toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  expect(verify(null, Buffer.from("text"), key, signature)).toBe(true);
});

test("the public key is no secret, the specification neither", async () => {
  await mockEngine();
  const repository = new Repository("montagu", { s3: { bucket: aBucket() } });
  expect(await pulumi.isSecret(repository.publicKey)).toBe(false);
  expect(await pulumi.isSecret(repository.spec)).toBe(false);
  expect(JSON.stringify(await known(repository.spec))).not.toMatch(/PRIVATE KEY|of-tests/);
});

test("each identity has references of its own; without any the bucket's are everybody's, with a warning", async () => {
  const engine = await mockEngine();
  const bucket = aBucket();
  const reader = { accessKeyId: "reader-id", secretAccessKey: "reader-secret" };
  const two = new Repository("two", {
    s3: { bucket, prefix: "montagu", credentials: { writer: CREDENTIALS, reader } },
  });
  expect(engine.warnings).toEqual([]);
  expect((await known(two.spec)).location).toMatchObject({
    kind: "s3",
    bucket: "backups-montagu-uat-backups",
    prefix: "montagu",
    endpoint: "https://s3.example.org:9000",
    credentials: { reader: { accessKeyId: { kind: "env", name: "RESTORABLE_TWO_READER_ACCESS_KEY_ID" } } },
  });
  expect(two.secrets).toMatchObject({ RESTORABLE_TWO_READER_SECRET_ACCESS_KEY: "reader-secret" });
  const one = new Repository("one", { s3: { bucket } });
  expect(engine.warnings).toEqual([expect.stringContaining("every job uses the bucket's own credentials")]);
  expect(Object.keys(one.secrets)).toContain("RESTORABLE_ONE_WRITER_SECRET_ACCESS_KEY");
});

test("a given key is used and not kept", async () => {
  const engine = await mockEngine();
  const key = { privateKey: "-----BEGIN PRIVATE KEY-----\nof-tests\n-----END PRIVATE KEY-----", publicKey: PUBLIC_KEY };
  const repository = new Repository("montagu", { directory: "/backups", signing: { key }, proving: { none: {} } });
  expect(await known(repository.publicKey)).toBe(PUBLIC_KEY);
  await engine.settled();
  expect(engine.resources.map(({ name }) => name)).toEqual(["montagu", "montagu-files-password"]);
});

test("the password of incremental files is made once and kept, or the given one is used; a secret either way", async () => {
  const engine = await mockEngine();
  const made = new Repository("made", { directory: "/backups" });
  const given = new Repository("given", { directory: "/backups", filesPassword: "of-tests" });
  await engine.settled();
  const stash = engine.named("made-files-password");
  expect(stash).toMatchObject({ type: "pulumi:index:Stash", ignoreChanges: ["input"] });
  expect(isSecret(stash.inputs.input)).toBe(true);
  expect(unwrapped(stash.inputs.input)).toMatch(/^[\w-]{43}$/);
  expect(engine.resources.map(({ name }) => name)).not.toContain("given-files-password");
  expect(given.secrets.RESTORABLE_GIVEN_FILES_PASSWORD).toBe("of-tests");
  for (const [repository, name] of [
    [made, "MADE"],
    [given, "GIVEN"],
  ] as const) {
    const spec = await known(repository.spec);
    expect(spec.filesPassword).toEqual({ kind: "env", name: `RESTORABLE_${name}_FILES_PASSWORD` });
    expect(JSON.stringify(spec)).not.toContain("of-tests");
  }
});

test("a reader of another environment's repository trusts the given keys and signs nothing", async () => {
  const engine = await mockEngine();
  const trusted = [pulumi.output(PUBLIC_KEY)];
  const repository = new Repository("prod", {
    directory: "/backups",
    environment: "prod",
    signing: { none: {} },
    trusted,
  });
  expect(await known(repository.spec)).toEqual({
    environment: "prod",
    location: { kind: "directory", path: "/backups" },
    trusted: [PUBLIC_KEY],
  });
  expect(repository.signs).toBe(false);
  await engine.settled();
  expect(engine.resources).toHaveLength(1);
});

test("the environment is the stack's name unless it is given", async () => {
  await mockEngine({ stack: "montagu-uat" });
  expect(new Repository("a", { directory: "/backups" }).environment).toBe("montagu-uat");
});

test("a stack whose name cannot be an environment has to name one", async () => {
  await mockEngine({ stack: "Montagu" });
  expect(() => new Repository("a", { directory: "/backups" })).toThrow(
    "environment: is missing; the stack's name 'Montagu' cannot be one",
  );
});

const WRONG: readonly (readonly [object, string])[] = [
  [{}, "expected exactly one of s3, directory; received none of them"],
  [{ directory: "/a", s3: { bucket: "b" } }, "s3.bucket: expected a BackupBucket"],
  [{ directory: "backups" }, "directory: expected an absolute path"],
  [{ s3: {} }, "s3.bucket: expected a BackupBucket"],
  [{ directory: "/a", environment: "UAT" }, "environment: expected 1 to 63 characters"],
  [{ directory: "/a", environment: pulumi.output("uat") }, "environment: expected string, received an Output"],
  [{ directory: "/a", signing: {} }, "signing: expected exactly one of generate, key, none"],
  [
    { directory: "/a", signing: { key: { privateKey: "x", publicKey: PUBLIC_KEY } } },
    "signing.key.privateKey: expected an Ed25519 private key",
  ],
  [
    { directory: "/a", signing: { key: { privateKey: "-----BEGIN PRIVATE KEY-----", publicKey: "x" } } },
    "signing.key.publicKey: expected an Ed25519 public key",
  ],
  [{ directory: "/a", proving: { none: true } }, "proving.none: expected object, received boolean"],
  [{ directory: "/a", trusted: ["x"] }, "trusted[0]: expected an Ed25519 public key"],
  [{ directory: "/a", provers: "x" }, "provers: expected array, received string"],
  [{ directory: "/a", signing: { none: {} } }, "trusted: is missing; a repository that is only read needs"],
  [{ directory: "/a", prefix: "x" }, "unknown key 'prefix'"],
];

test.each(WRONG)("[beyond.8] wrong arguments are refused with their path: %#", async (args, line) => {
  const engine = await mockEngine();
  expect(() => new Repository("montagu", args as RepositoryArgs)).toThrow(`Repository "montagu": ${line}`);
  await engine.settled();
  expect(engine.resources).toEqual([]);
});

test("a wrong prefix or credential is refused with its path", async () => {
  await mockEngine();
  const bucket = aBucket();
  const build = (s3: object) => () => new Repository("montagu", { s3: { bucket, ...s3 } });
  expect(build({ prefix: "/montagu/" })).toThrow('Repository "montagu": s3.prefix: ');
  expect(build({ credentials: { writer: { accessKeyId: "a" } } })).toThrow(
    "s3.credentials.writer.secretAccessKey: is missing",
  );
  expect(build({ credentials: { owner: CREDENTIALS } })).toThrow("s3.credentials: unknown key 'owner'");
});
