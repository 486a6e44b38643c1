import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { HeadBucketCommand, ListObjectVersionsCommand } from "@aws-sdk/client-s3";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { Client } from "pg";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { messages, operationOn } from "../support/engine-events.ts";
import { type PostgresServer, startPostgres } from "../support/postgres-server.ts";
import { PulumiStack } from "../support/pulumi-stack.ts";
import { type S3Server, startS3 } from "../support/s3-server.ts";
import { makeTempDir, removeTempDir } from "../support/temp-dir.ts";
import { takeBackup } from "./support/stack-plan.ts";

const BUCKET = "demo-backups";
let [postgres, s3, place]: [PostgresServer, S3Server, string] = [] as never;

beforeAll(async () => {
  place = await makeTempDir("demo");
  [postgres, s3] = await Promise.all([startPostgres(), startS3()]);
});
afterAll(async () => {
  await Promise.all([postgres?.stop(), s3?.stop()]);
  await removeTempDir(place);
});

const sql = async (database: string, text: string): Promise<readonly Record<string, unknown>[]> => {
  const client = new Client({ connectionString: postgres.url(database) });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
};

/** One environment with its database, its directory and its stack, up. */
const environment = async (name: string, identity: string, newStack: () => Promise<PulumiStack>, more: object = {}) => {
  const [database, directory, ledger] = [`app_${name}`, path.join(place, name), path.join(place, `${name}-ledger`)];
  await Promise.all([mkdir(directory), mkdir(ledger)]);
  await sql("postgres", `CREATE DATABASE ${database}`);
  await sql(database, "CREATE TABLE notes (text text)");
  const write = async (text: string) => {
    await sql(database, `INSERT INTO notes VALUES ('${text}')`);
    await writeFile(path.join(directory, text), text);
  };
  const stack = await newStack();
  const demo = {
    bucket: { name: BUCKET, endpoint: s3.endpoint, adopt: name !== "prod" },
    postgres: { host: postgres.host, port: postgres.port, database, user: postgres.user },
    directory,
    ledger,
    recipients: [await identityToRecipient(identity)],
    ...more,
  };
  await stack.setConfig("demo", JSON.stringify(demo));
  const secrets = {
    accessKeyId: s3.root.accessKeyId,
    secretAccessKey: s3.root.secretAccessKey,
    postgresPassword: postgres.password,
    identity,
  };
  for (const [key, value] of Object.entries(secrets)) await stack.setConfig(key, value, { secret: true });
  const first = await stack.up();
  expect(first.ok, first.text).toBe(true);
  return {
    stack,
    write,
    lose: async () => {
      await sql(database, "DROP TABLE notes");
      await rm(directory, { recursive: true });
      await mkdir(directory);
    },
    notes: async () => (await sql(database, "SELECT text FROM notes ORDER BY text")).map(({ text }) => text),
    file: (text: string) => readFile(path.join(directory, text), "utf8").catch(() => undefined),
    request: (value: object) => {
      const all = { point: "latest", into: { replace: {} }, confirm: `backups/demo-${name}/demo`, ...value };
      return stack.setConfig("restore", JSON.stringify(all));
    },
  };
};

test("[core.5] [core.12] the demo's stacks: production is lost and restored, and copied onto uat, by pulumi up alone", async () => {
  const identity = await generateX25519Identity();
  const prod = await environment("prod", identity, () => PulumiStack.create({ stack: "demo-prod" }));
  onTestFinished(() => prod.stack.remove());
  const outputs = await prod.stack.outputs();
  expect(outputs).toMatchObject({
    bucket: BUCKET,
    record: null,
    abilities: expect.arrayContaining([expect.objectContaining({ ok: true })]),
  });

  const same = await prod.stack.up();
  expect(same.changes).toEqual({ same: same.changes.same });

  await prod.write("kept");
  await takeBackup(prod.stack);
  await prod.lose();
  await prod.request({ id: "disaster" });
  const restored = await prod.stack.up();
  expect(restored.ok, restored.text).toBe(true);
  expect(await prod.notes()).toEqual(["kept"]);
  expect(await prod.file("kept")).toBe("kept");
  expect((await prod.stack.outputs()).record).toMatchObject({
    id: "disaster",
    ok: true,
    superseded: [expect.any(String), expect.any(String)],
  });

  const uat = await environment("uat", identity, () => prod.stack.sibling("demo-uat"), {
    from: [{ environment: "prod", stack: "organization/backups/demo-prod" }],
  });
  await uat.write("only-uat");
  await uat.request({ id: "refresh", from: { environment: "prod" } });
  const refreshed = await uat.stack.up();
  expect(refreshed.ok, refreshed.text).toBe(true);
  expect(await uat.notes()).toEqual(["kept"]);
  expect(await uat.file("only-uat")).toBeUndefined();
  expect(await prod.notes()).toEqual(["kept"]);

  await prod.stack.setConfig("postgresPassword", "another", { secret: true });
  await prod.stack.setConfig("secretAccessKey", "another", { secret: true });
  const changed = await prod.stack.up();
  expect(changed.ok, changed.text).toBe(true);
  expect([operationOn(changed.events, "backups-bucket"), operationOn(changed.events, "restore-run")]).toEqual([
    "same",
    "same",
  ]);

  expect((await prod.stack.destroy()).ok).toBe(true);
  const client = s3.client();
  onTestFinished(() => client.destroy());
  await client.send(new HeadBucketCommand({ Bucket: BUCKET }));
  const { Versions = [] } = await client.send(
    new ListObjectVersionsCommand({ Bucket: BUCKET, Prefix: "demo/prod/demo/catalog/" }),
  );
  expect(Versions).toHaveLength(1);
  expect(await prod.notes()).toEqual(["kept"]);
});

test("[beyond.8] wrong stack config is refused at preview with its path", async () => {
  const stack = await PulumiStack.create({ stack: "demo-wrong" });
  onTestFinished(() => stack.remove());
  const missing = await stack.preview();
  expect(messages(missing.events, "error").join("\n")).toContain("stack config: 'backups:demo' is missing");
  await stack.setConfig("demo", JSON.stringify({ bucket: { name: "b", endpoint: "e" }, postgres: { port: "x" } }));
  const wrong = await stack.preview();
  expect(wrong.ok).toBe(false);
  expect(messages(wrong.events, "error").join("\n")).toContain(
    "backups:demo.postgres.port: expected number, received string",
  );
});

test("a stack of no known system is refused with the names of those there are", async () => {
  const stack = await PulumiStack.create({ stack: "vault-prod" });
  onTestFinished(() => stack.remove());
  const preview = await stack.preview();
  expect(preview.ok).toBe(false);
  expect(messages(preview.events, "error").join("\n")).toMatch(
    /stack 'vault-prod' is of no known system: a stack is named <system>-<environment>, and the systems are .*\bdemo\b/,
  );
});
