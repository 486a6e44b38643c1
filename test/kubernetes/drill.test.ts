import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { S3Client } from "@aws-sdk/client-s3";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isProven, type Manifest, type Proof } from "../../spec/index.ts";
import { RUNNER_IMAGE, TIMESCALEDB_IMAGE } from "../../tools/docker/images.ts";
import { artifactOf, fileOf } from "../runner/jobs/points.ts";
import { backupOf, catalogOf, makeWorld, succeeded, type World } from "../runner/world.ts";
import { PulumiStack } from "../support/pulumi-stack.ts";
import { storedKeys } from "../support/stored-keys.ts";
import { checkout } from "../support/tools.ts";
import { waitFor } from "../support/wait-for.ts";
import { apply, HOST_ADDRESS, kubectl } from "./support/kubectl.ts";

/** A drill, by the minute, of a plan of which only the repository is at hand. */
const PROGRAM = `
import * as pulumi from "@pulumi/pulumi";
import { BackupBucket, Drill, Repository } from ${JSON.stringify(path.join(checkout, "components/index.ts"))};

const config = new pulumi.Config();
const credentials = { accessKeyId: config.requireSecret("id"), secretAccessKey: config.requireSecret("key") };
const bucket = new BackupBucket("backups", { existing: { endpoint: config.require("endpoint"), bucket: "backups", credentials } });
const repository = new Repository("app", {
  s3: { bucket },
  environment: "prod",
  signing: { none: {} },
  trusted: [config.require("trusted")],
  proving: { key: { privateKey: config.requireSecret("proverKey"), publicKey: config.require("prover") } },
});
const drill = new Drill("rehearsal", {
  of: { stored: { repository, plan: "app" } },
  target: { kubernetes: { namespace: config.require("namespace"), memory: 512 * 1024 ** 2 } },
  runner: { image: config.require("image") },
  postgres: { image: config.require("server"), user: "100:102", memory: 512 * 1024 ** 2 },
  schedule: { cron: "* * * * *", timeZone: "UTC" },
  identity: config.requireSecret("drillKey"),
  checks: [{ name: "notes", query: "SELECT count(*) = 500 FROM notes" }],
});
export const name = drill.cronJobName;
`;

/** Minutes of a machine with two cores. */
const LONG = { seconds: 400, every: 1000 };

describe("drill · a scratch namespace with restricted pods, Pulumi, versitygw", () => {
  let world: World;
  let stack: PulumiStack;
  let good: Manifest;
  let client: S3Client;
  let drillKey: string;
  let name: string;
  const namespace = `drill-${randomBytes(3).toString("hex")}`;
  const inNamespace = (...args: readonly string[]) => kubectl("--namespace", namespace, ...args);

  beforeAll(async () => {
    drillKey = await generateIdentity();
    const recipient = await identityToRecipient(drillKey);
    world = await makeWorld({
      storeAddress: HOST_ADDRESS,
      change: (plan) => ({ ...plan, recipients: [...plan.recipients, recipient] }),
    });
    await world.sql(
      "app",
      "CREATE ROLE app_owner; CREATE TABLE notes AS SELECT n, md5(n::text) FROM generate_series(1, 500) n; ALTER TABLE notes OWNER TO app_owner",
    );
    await mkdir(path.join(world.files, "sub"));
    for (const file of ["a", "sub/b"]) await writeFile(path.join(world.files, file), file);
    good = await backupOf(world);
    client = world.s3.client();
    await apply({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: namespace, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
    });
    stack = await PulumiStack.create({ program: PROGRAM, standIns: ["kubernetes"], stack: namespace });
    const { accessKeyId: id, secretAccessKey: key } = world.s3.root;
    const secret = { id, key, drillKey, proverKey: world.secrets.PROVER_KEY ?? "" };
    const [[trusted = ""], [prover = ""] = []] = [world.plan.repository.trusted, world.plan.repository.provers];
    const plain = { endpoint: world.s3.endpoint, trusted, prover, namespace, image: RUNNER_IMAGE };
    await stack.setAll({ plain: { ...plain, server: TIMESCALEDB_IMAGE }, secret });
    const { ok, text } = await stack.up();
    expect(ok, text).toBe(true);
    name = String((await stack.outputs()).name);
  });
  afterAll(async () => {
    client?.destroy();
    await kubectl("delete", "namespace", namespace, "--wait=false", "--ignore-not-found");
    await stack?.remove();
    await world?.close();
  });

  const proofs = async (): Promise<readonly Proof[]> =>
    (await catalogOf(world)).points.flatMap((point) => point.proofs.map(({ proof }) => proof));
  /** How many proofs are stored: to be asked often. */
  const recorded = async () => (await storedKeys(client, "backups", "prod/app/proofs/")).length;
  const said = async (): Promise<string> =>
    `${await inNamespace("get", "pods,jobs,events", "-o", "wide")}\n${await inNamespace("logs", "-l", "restorable.role=drill", "--all-containers", "--tail=50").catch(String)}`;
  const eventually = <T>(what: string, condition: () => Promise<T | undefined | false>): Promise<T> =>
    waitFor(what, condition, LONG).catch(async (error) => {
      throw new Error(`${error}\n${await said()}`);
    });
  /** Every pod has ended, and so has what it wrote. */
  const idle = async () => {
    const phases = await inNamespace("get", "pods", "-o", "jsonpath={.items[*].status.phase}");
    return /^(Succeeded|Failed)?( (Succeeded|Failed))*$/.test(phases) ? { phases } : undefined;
  };
  /** From here on only the test starts runs. */
  const suspend = async () => {
    await inNamespace("patch", "cronjob", name, "--patch", '{"spec":{"suspend":true}}');
    return eventually("the drills to end", idle);
  };

  test("[chipster.15] [beyond.1] fires on its schedule: rows and files are as recorded, the point is proven, nothing is left", async () => {
    await eventually("a proof", async () => (await recorded()) > 0);
    const [proof] = (await proofs()) as [Proof];
    expect(proof).toMatchObject({ kind: "drill", point: good.id, ok: true });
    const words = proof.checks.map((check) => `${check.name}: ${check.detail}`);
    expect(words).toContain("rows of 'db': 500 rows in 1 tables; the manifest says 500 in 1");
    expect(words).toContain("files: files: 2, as in the manifest");
    expect(words).toContain("notes: true");
    expect(proof.drill).toMatchObject({ server: expect.stringMatching(/^17/), schedule: { cron: "* * * * *" } });
    const [point] = (await catalogOf(world)).points;
    expect(point && isProven(point)).toBe(true);
    await suspend();
    expect((await inNamespace("get", "pvc,cm", "-o", "name")).split("\n")).toEqual(["configmap/kube-root-ca.crt"]);
  });

  test("what restores has the key of its one point, and the key for drills nowhere", async () => {
    const template = JSON.parse(await inNamespace("get", "cronjob", name, "-o", "json")).spec.jobTemplate.spec.template;
    const script = `
      const fs = require("node:fs");
      const found = [];
      const look = (directory) => {
        for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
          const at = directory + "/" + entry.name;
          try {
            if (fs.statSync(at).isDirectory()) { if (!entry.isSymbolicLink()) look(at); }
            else found.push(...(fs.readFileSync(at, "latin1").match(/AGE-SECRET-KEY-1[A-Z0-9]+/g) ?? []));
          } catch { found.push("closed"); }
        }
      };
      for (const root of ["/run", "/tmp", "/scratch", "/etc", "/var/run"]) look(root);
      for (const pid of fs.readdirSync("/proc").filter((name) => /^\\d+$/.test(name)))
        found.push(...(fs.readFileSync("/proc/" + pid + "/environ", "latin1").match(/AGE-SECRET-KEY-1[A-Z0-9]+/g) ?? []));
      console.log(JSON.stringify([...new Set(found)]));`;
    const [runner] = template.spec.containers;
    const looking = { ...runner, command: ["node", "--eval", script], args: [] };
    const spec = { ...template.spec, containers: [looking] };
    await apply({ apiVersion: "v1", kind: "Pod", metadata: { name: "looking", namespace }, spec });
    await eventually("the pod to end", idle);
    const found: string[] = JSON.parse(await inNamespace("logs", "looking", "--container", "runner"));
    const keys = found.filter((text) => text !== "closed");
    expect(keys).toHaveLength(1);
    expect(keys[0]).not.toBe(drillKey);
    expect(await identityToRecipient(keys[0] ?? "")).toBe(good.identity.recipient);
    expect(await inNamespace("get", "pod", "looking", "-o", "json")).not.toContain(drillKey);
    await inNamespace("delete", "pod", "looking", "--wait=false");
  });

  test("a damaged artifact fails the run; the proof, the catalog and a check say so", async () => {
    const file = fileOf(world, artifactOf(good, "dump").key);
    const body = await readFile(file);
    body[body.length >> 1] = (body[body.length >> 1] ?? 0) ^ 1;
    await writeFile(file, body);
    const before = await recorded();
    await inNamespace("create", "job", "damaged", `--from=cronjob/${name}`);
    await eventually("another proof", async () => (await recorded()) > before);
    const bad = (await proofs()).findLast(({ ok }) => !ok) as Proof;
    expect(bad.checks.filter(({ ok }) => !ok)).toEqual([
      { name: "restore of 'db'", ok: false, detail: expect.stringContaining(artifactOf(good, "dump").key) },
      { name: "notes", ok: false, detail: "not asked: its database was not restored" },
    ]);
    await eventually(
      "the job to fail",
      async () => (await inNamespace("get", "job", "damaged", "-o", "jsonpath={.status.failed}")) === "1",
    );
    const { repository, name: plan } = world.plan;
    const schedule = { kind: "none" } as const;
    const check = succeeded(await world.run({ kind: "check", version: 1, repository, plan, schedule }), "check");
    const failed = check.checks.filter(({ ok }) => !ok);
    expect(failed.map((each) => each.name)).toEqual(["proofs", "drills"]);
    expect(failed.at(-1)?.detail).toMatch(/and failed: restore of 'db'/);
  });
});
