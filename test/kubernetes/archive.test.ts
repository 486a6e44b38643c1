import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import {
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { identityKey, isProven, type Manifest, type ResultOf, ROLES, type Role } from "../../spec/index.ts";
import { TIMESCALEDB_IMAGE } from "../../tools/docker/images.ts";
import { openedByHand } from "../support/by-hand.ts";
import { PulumiStack } from "../support/pulumi-stack.ts";
import { rolesPolicy } from "../support/roles-policy.ts";
import { type S3Keys, type S3Server, startS3 } from "../support/s3-server.ts";
import { publishedPoints } from "../support/stored-keys.ts";
import { makeTempDir, removeTempDir } from "../support/temp-dir.ts";
import { waitFor } from "../support/wait-for.ts";
import { Chipster, generatePasswords } from "../systems/chipster/chipster.ts";
import { STORAGE_USER, server, TOKEN_KEY } from "../systems/chipster/manifests.ts";
import { BUCKET, ChipsterSite, VALUES } from "./support/chipster-site.ts";
import { apply, feedKubectl, HOST_ADDRESS, kubectl } from "./support/kubectl.ts";

const ID = randomBytes(4).toString("hex");
const PROJECT = `backups-${ID}`;
const ARCHIVE = "chipster-archive";
/** Of the archive host, and of rehearsals. */
const [PULLING, SCRATCH] = [`archive-${ID}`, `scratch-${ID}`];
const EVERY_MINUTE = { cron: "* * * * *", timeZone: "Europe/Helsinki" };
const NEVER = { cron: "0 5 * * SUN", timeZone: "Europe/Helsinki" };
const LONG = { seconds: 300, every: 500 };
/** A session as users have them, before anything happens. */
const OLD = "old";
const FILES = 60;
const OPENED = `the work of years: ${FILES} files, mapped 7 reads`;

let store: S3Server;
let root: S3Client;
let archiveKeys: S3Keys;
let chipster: Chipster;
let fresh: Chipster | undefined;
let prod: ChipsterSite;
let directory: string;
let publicKey: string;
let manual: Manifest;

const usersOf = async (bucket: string, names: readonly Role[]): Promise<ReadonlyMap<Role, S3Keys>> => {
  const keys = new Map<Role, S3Keys>();
  for (const name of names) keys.set(name, await store.createUser(`${bucket}-${name}`));
  return keys;
};

beforeAll(async () => {
  directory = await makeTempDir("archive");
  store = await startS3({ address: HOST_ADDRESS });
  root = store.client();
  const [stack, identity, drillKey, cluster] = await Promise.all([
    PulumiStack.create({ stack: "chipster-prod", project: PROJECT, standIns: ["kubernetes"] }),
    generateIdentity(),
    generateIdentity(),
    usersOf(BUCKET, ROLES),
    Chipster.deploy(`chipster-${ID}`, generatePasswords(), ["session-db"]).then(async (deployed) => {
      chipster = deployed;
      await chipster.seed(OLD, FILES);
    }),
  ]);
  archiveKeys = await store.createUser("archive");
  const archive = new Map(ROLES.map((role) => [role, archiveKeys] as const));
  for (const [bucket, keys] of [
    [BUCKET, cluster],
    [ARCHIVE, archive],
  ] as const) {
    await store.createBucket(bucket);
    await root.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: rolesPolicy(bucket, keys) }));
  }
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
  const namespace = (name: string) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });
  await apply(namespace(PULLING), namespace(SCRATCH));

  const place = (bucket: string) => ({ existing: { bucket, endpoint: store.endpoint } });
  const recipients = await Promise.all([identity, drillKey].map(identityToRecipient));
  const settings = {
    bucket: place(BUCKET),
    recipients,
    schedule: EVERY_MINUTE,
    archive: {
      to: { bucket: place(ARCHIVE), prefix: "chipster" },
      kubernetes: { namespace: PULLING },
      schedule: EVERY_MINUTE,
    },
    rehearsal: {
      namespace: SCRATCH,
      schedule: NEVER,
      plans: ["sessions"],
      postgres: { image: TIMESCALEDB_IMAGE, user: STORAGE_USER },
      memory: 512 * 1024 ** 2,
    },
  };
  prod = await ChipsterSite.make({ chipster, stack, project: PROJECT, store, identity, settings });
  await prod.setSecrets({ rehearsalIdentity: drillKey, ...secretsOf("archive", archiveKeys) });
  for (const [role, keys] of cluster) await prod.setSecrets(secretsOf(role, keys));
  await prod.up();
  // Their databases are not there.
  for (const plan of ["auth", "job-history"]) await suspend(chipster.namespace, plan);
  for (const plan of ["auth-archive", "job-history-archive"]) await suspend(PULLING, plan);
  publicKey = String((await stack.outputs()).publicKey);
});

afterAll(async () => {
  // All that the stack has declared lies in these namespaces.
  prod?.close();
  for (const each of [chipster, fresh]) await each?.remove();
  await kubectl("delete", "namespace", PULLING, SCRATCH, "--ignore-not-found", "--wait=false");
  await prod?.stack.remove();
  root?.destroy();
  await store?.stop();
  await removeTempDir(directory);
});

const secretsOf = (who: string, { accessKeyId, secretAccessKey }: S3Keys) => ({
  [`${who}AccessKeyId`]: accessKeyId,
  [`${who}SecretAccessKey`]: secretAccessKey,
});

const suspend = (namespace: string, plan: string) =>
  kubectl("--namespace", namespace, "patch", "cronjob", prod.objectName(plan), "--patch", '{"spec":{"suspend":true}}');

/** Ids of the sessions' points in a bucket, oldest first. */
const pointsIn = (bucket: string) => publishedPoints(root, bucket, "chipster/prod/sessions");

/** Every version of every object of a bucket, and then the bucket. */
const removeBucket = async (Bucket: string): Promise<void> => {
  for (;;) {
    const { Versions = [], DeleteMarkers = [] } = await root.send(new ListObjectVersionsCommand({ Bucket }));
    const Objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }));
    if (Objects.length === 0) break;
    await root.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  }
  await root.send(new DeleteBucketCommand({ Bucket }));
};

/** What the store says to these keys, for each thing that they may not do with a bucket. */
const answers = async (keys: S3Keys, Bucket: string, Key: string): Promise<readonly string[]> => {
  const client = store.client(keys);
  const said = (sent: Promise<unknown>) =>
    sent.then(
      () => "done",
      (error: Error) => error.name,
    );
  const all = await Promise.all([
    said(client.send(new PutObjectCommand({ Bucket, Key, Body: "spoilt" }))),
    said(client.send(new DeleteObjectCommand({ Bucket, Key }))),
    said(client.send(new GetObjectCommand({ Bucket, Key }))),
    said(client.send(new ListObjectsV2Command({ Bucket }))),
  ]);
  client.destroy();
  return all;
};

describe("Chipster's archive · kubernetes, postgres 17, versitygw", () => {
  test("[chipster.3] by hand into a directory and by the schedule at once: both points are there, and both restore", async () => {
    const home = path.join(directory, "home");
    const answer = await prod.answer<ResultOf<"backup"> & { readonly copy: ResultOf<"copy"> }>(
      ...["backup", "--plan", "sessions", "--directory", home, "--wait", "10"],
    );
    manual = answer.manifest;
    expect(answer.copy).toMatchObject({ copied: [manual.id], healthy: true });
    const scheduled = await waitFor(
      "a point by the schedule",
      async () => (await pointsIn(BUCKET)).find((id) => id > manual.id),
      LONG,
    );
    await suspend(chipster.namespace, "sessions");
    expect(await pointsIn(BUCKET)).toEqual(expect.arrayContaining([manual.id, scheduled]));

    // The scheduled one, by a rehearsal that the stack declares: its job is run once more than its schedule says.
    const inScratch = ["--namespace", SCRATCH] as const;
    await kubectl(...inScratch, "create", "job", "now", `--from=cronjob/${prod.objectName("sessions-drill")}`);
    // The one in the directory, by the programs that every machine has.
    const own = path.join(home, "prod", "sessions");
    const [dump] = manual.sources.flatMap(({ name, artifacts }) =>
      name === "session-db" ? artifacts.filter(({ role }) => role === "dump") : [],
    );
    const sealed = {
      envelope: await readFile(path.join(own, identityKey(manual.id))),
      artifact: await readFile(path.join(own, String(dump?.key))),
    };
    const pod = ["--namespace", chipster.namespace, "exec", "--stdin", `${server("session-db")}-0`, "--"];
    await chipster.sql("session-db", "CREATE DATABASE by_hand");
    await feedKubectl(
      await openedByHand(directory, prod.identity, sealed),
      ...[...pod, "pg_restore", "--exit-on-error", "--username", "postgres", "--dbname", "by_hand"],
    );
    const question = `SELECT count(*) FROM file WHERE session = '${OLD}'`;
    expect(await chipster.sql("session-db", question, "by_hand")).toBe(String(FILES));
    const taken = await prod.takeOut({ repository: home, publicKey }, "passwords", directory);
    expect(taken).toEqual(chipster.passwords);

    await kubectl(...inScratch, "wait", "job/now", "--for=condition=complete", "--timeout=300s").catch(
      async (error) => {
        const logs = await kubectl(...inScratch, "logs", "job/now", "--all-containers", "--tail=50").catch(String);
        throw new Error(`${error}\n${logs}`);
      },
    );
    const [proven] = (await prod.points("sessions")).filter(({ proofs }) => proofs.length > 0);
    expect(proven && isProven(proven)).toBe(true);
    expect(proven?.id).not.toBe(manual.id);
  });

  test("[chipster.8] a namespace with keys of its own pulls every point by its schedule, and whoever has the cluster cannot touch them", async () => {
    const byItself = await waitFor("a copy by the schedule", async () => (await pointsIn(ARCHIVE)).length > 0, LONG);
    expect(byItself).toBe(true);
    await suspend(PULLING, "sessions-archive");
    await prod.answer("copy", "--plan", "sessions-archive");
    expect(await pointsIn(ARCHIVE)).toEqual(await pointsIn(BUCKET));

    const inCluster = JSON.parse(
      await chipster.kubectl("get", "secret", prod.objectName("sessions"), "--output", "json"),
    );
    const { secrets } = JSON.parse(atob(inCluster.data["secrets.json"])) as { secrets: Record<string, string> };
    const pairs = Object.entries(secrets).flatMap(([name, accessKeyId]) => {
      const secretAccessKey = secrets[name.replace("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")];
      return name.endsWith("ACCESS_KEY_ID") && secretAccessKey ? [{ accessKeyId, secretAccessKey }] : [];
    });
    expect(pairs.length).toBeGreaterThan(1);
    const Key = `chipster/prod/sessions/catalog/${manual.id}.json`;
    const refused = Array.from({ length: 4 }, () => "AccessDenied");
    for (const keys of pairs) expect(await answers(keys, ARCHIVE, Key)).toEqual(refused);
    // They are keys that work, elsewhere; and those of the archive are refused there.
    const [own] = await Promise.all(pairs.map((keys) => answers(keys, BUCKET, Key)));
    expect(own?.at(-1)).toBe("done");
    expect(await answers(archiveKeys, BUCKET, Key)).toEqual(refused);
  });

  test("[chipster.8] [chipster.13] bucket and cluster are gone: from the archive a new server has its values and passwords, its rows and files, and opens old sessions", async () => {
    await removeBucket(BUCKET);
    await expect(root.send(new HeadBucketCommand({ Bucket: BUCKET }))).rejects.toThrow();
    await chipster.remove();

    const repository = `s3://${ARCHIVE}/chipster?endpoint=${store.endpoint}`;
    const archive = { repository, publicKey, keys: archiveKeys };
    const takeOut = (source: "values" | "passwords") => prod.takeOut(archive, source, directory);
    const [values, passwords] = await Promise.all([takeOut("values"), takeOut("passwords")]);
    expect(values).toEqual({ "values.yaml": VALUES });
    fresh = await Chipster.deploy(`chipster-new-${ID}`, passwords, ["session-db"]);
    await prod.configure({
      namespace: fresh.namespace,
      bucket: { existing: { bucket: ARCHIVE, endpoint: store.endpoint } },
      archive: undefined,
      rehearsal: undefined,
      schedule: NEVER,
    });
    for (const role of ROLES) await prod.setSecrets(secretsOf(role, archiveKeys));
    await prod.up();
    const sure = ["--confirm", prod.confirm("sessions"), "--reason", "the cluster is gone"];
    await prod.answer("restore", "--plan", "sessions", ...sure);
    await fresh.isRunning();
    expect(await fresh.open(OLD)).toBe(OPENED);
    await fresh.check();

    // The same rows and files with passwords that were generated anew.
    await fresh.replacePasswords({ ...passwords, [TOKEN_KEY]: String(generatePasswords()[TOKEN_KEY]) });
    await expect(fresh.open(OLD)).rejects.toThrow(/cannot open/);
  });
});
