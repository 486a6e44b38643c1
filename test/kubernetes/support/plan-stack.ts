import { randomBytes } from "node:crypto";
import path from "node:path";
import { PutBucketPolicyCommand, type S3Client } from "@aws-sdk/client-s3";
import { armor, Decrypter, generateIdentity, identityToRecipient } from "age-encryption";
import { runnerOn } from "../../../launch/index.ts";
import {
  type CatalogPoint,
  type Job,
  type Plan,
  type Request,
  type Result,
  type ResultOf,
  ROLES,
  type Role,
} from "../../../spec/index.ts";
import { RUNNER_IMAGE } from "../../../tools/docker/images.ts";
import { checkout } from "../../../tools/servers/tools.ts";
import { runRunner } from "../../runner/run-runner.ts";
import { type BadNetwork, startProxy } from "../../runner/store/proxy.ts";
import { succeeded } from "../../runner/world.ts";
import { POSTGRES_PROBES } from "../../support/postgres-probes.ts";
import { PulumiStack } from "../../support/pulumi-stack.ts";
import { rolesPolicy } from "../../support/roles-policy.ts";
import { type S3Keys, type S3Server, startS3 } from "../../support/s3-server.ts";
import { onStack } from "../../support/stack-site.ts";
import { publishedPoints } from "../../support/stored-keys.ts";
import { apply, HOST_ADDRESS, kubectl } from "./kubectl.ts";
import { serviceSql } from "./service-sql.ts";

/**
 * PostgreSQL in a StatefulSet with a claim of files, and two plans of both: `app` by a CronJob every minute, `side` by a
 * sidecar of that StatefulSet half a minute later.
 */
const PROGRAM = `
import { StatefulSet } from "@pulumi/kubernetes/apps/v1/statefulSet.js";
import { PersistentVolumeClaim } from "@pulumi/kubernetes/core/v1/persistentVolumeClaim.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import * as pulumi from "@pulumi/pulumi";
import { BackupBucket, BackupPlan, Repository, Restore } from ${JSON.stringify(path.join(checkout, "components/index.ts"))};

const config = new pulumi.Config();
const namespace = config.require("namespace");
const image = config.require("image");
const root = { accessKeyId: config.requireSecret("rootId"), secretAccessKey: config.requireSecret("rootSecret") };
const credentials = Object.fromEntries(["writer", "reader", "pruner", "prover"].map((role) => [role, {
  accessKeyId: config.requireSecret(role + "Id"),
  secretAccessKey: config.requireSecret(role + "Secret"),
}]));
const bucket = new BackupBucket("backups", { existing: { endpoint: config.require("endpoint"), bucket: "backups", credentials: root } });
const repository = new Repository("app", { s3: { bucket, credentials }, environment: "prod" });
const plan = (name, more) => new BackupPlan(name, {
  target: { kubernetes: { namespace, ledger: { size: "50Mi" }, memory: 512 * 1024 ** 2 } },
  runner: { image: (name === "app" && config.get("otherImage")) || image },
  sources: [
    { postgres: { name: (name === "app" && config.get("source")) || "postgres", host: "db", database: "app", user: "postgres", password: config.requireSecret("password") } },
    { files: { claim: "files", beside: { app: "db" } } },
  ],
  repository,
  retention: { keepLast: 3, minimum: 2 },
  recipients: [config.require("recipient")],
  leaseSeconds: 30,
  ...more,
});
const app = plan("app", { schedule: { cron: config.get("cron") ?? "0 * * * * *", timeZone: "Europe/Helsinki" } });
const side = plan("side", { schedule: { cron: "30 * * * * *", timeZone: "UTC" }, run: { sidecar: { volumes: { files: "files" } } } });

const at = (name) => ({ metadata: { name, namespace } });
const passwords = new Secret("passwords", { ...at("passwords"), stringData: { password: config.requireSecret("password") } });
const files = new PersistentVolumeClaim("files", { ...at("files"), spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "50Mi" } } } });
new Service("db", { ...at("db"), spec: { selector: { app: "db" }, ports: [{ port: 5432 }] } });
new StatefulSet("db", { ...at("db"), spec: {
  serviceName: "db",
  selector: { matchLabels: { app: "db" } },
  template: {
    metadata: { labels: { app: "db" }, annotations: side.sidecar.annotations },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 10,
      securityContext: { runAsNonRoot: true, fsGroup: 102, seccompProfile: { type: "RuntimeDefault" } },
      containers: [{
        name: "postgres",
        image: "postgres:17-trixie",
        env: [
          { name: "POSTGRES_PASSWORD", valueFrom: { secretKeyRef: { name: passwords.metadata.name, key: "password" } } },
          { name: "POSTGRES_DB", value: "app" },
          { name: "PGDATA", value: "/data/pg" },
        ],
        securityContext: { runAsUser: 100, runAsGroup: 102, allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        ...${JSON.stringify(POSTGRES_PROBES)},
        volumeMounts: [{ name: "data", mountPath: "/data" }, { name: "files", mountPath: "/files" }],
      }, side.sidecar.container],
      volumes: pulumi.output(side.sidecar.volumes).apply((volumes) => [...volumes, { name: "files", persistentVolumeClaim: { claimName: "files" } }]),
    },
  },
  volumeClaimTemplates: [{ metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "200Mi" } } } }],
} }, { dependsOn: [files, side] });
new Restore("restore", { plans: [app, side], identity: config.requireSecret("identity"), request: config.getObject("restore") });
export const specs = { app: app.spec, side: side.spec };
export const secrets = app.secrets;
`;

export type PlanName = "app" | "side";

interface Outputs {
  readonly specs: Readonly<Record<PlanName, Plan>>;
  readonly secrets: Readonly<Record<string, string>>;
}

type Parts = Pick<ClusterPlanStack, "namespace" | "stack" | "s3" | "network" | "keys" | "operatorKey"> & {
  readonly line: { cut: boolean };
};

/** A stack of that program in a namespace of its own with restricted pods, and its store on this machine. */
export class ClusterPlanStack {
  readonly namespace: string;
  readonly stack: PulumiStack;
  readonly s3: S3Server;
  /** What everybody reaches the store through. */
  readonly network: BadNetwork;
  readonly keys: Map<Role, S3Keys>;
  readonly operatorKey: string;
  readonly #line: { cut: boolean };
  readonly #client: S3Client;
  readonly #password = randomBytes(16).toString("hex");

  private constructor(parts: Parts) {
    this.namespace = parts.namespace;
    this.stack = parts.stack;
    this.s3 = parts.s3;
    this.network = parts.network;
    this.keys = parts.keys;
    this.operatorKey = parts.operatorKey;
    this.#line = parts.line;
    this.#client = parts.s3.client();
  }

  static async create(): Promise<ClusterPlanStack> {
    const namespace = `plan-${randomBytes(3).toString("hex")}`;
    const s3 = await startS3({ address: HOST_ADDRESS });
    await s3.createBucket("backups");
    const keys = new Map<Role, S3Keys>();
    for (const role of ROLES) keys.set(role, await s3.createUser(role));
    const client = s3.client();
    await client.send(new PutBucketPolicyCommand({ Bucket: "backups", Policy: rolesPolicy("backups", keys) }));
    client.destroy();
    const line = { cut: false };
    const network = await startProxy(s3.endpoint, () => (line.cut ? { cutAfter: 0 } : undefined), HOST_ADDRESS);
    await apply({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: namespace, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
    });
    const stack = await PulumiStack.create({ program: PROGRAM, standIns: ["kubernetes"], stack: namespace });
    const operatorKey = await generateIdentity();
    const made = new ClusterPlanStack({ namespace, stack, s3, network, keys, operatorKey, line });
    await made.#configure();
    return made;
  }

  async #configure(): Promise<void> {
    const { accessKeyId, secretAccessKey } = this.s3.root;
    const secret: Record<string, string> = {
      rootId: accessKeyId,
      rootSecret: secretAccessKey,
      password: this.#password,
      identity: this.operatorKey,
    };
    for (const [role, each] of this.keys) {
      secret[`${role}Id`] = each.accessKeyId;
      secret[`${role}Secret`] = each.secretAccessKey;
    }
    const plain = {
      namespace: this.namespace,
      image: RUNNER_IMAGE,
      endpoint: this.network.endpoint,
      recipient: await identityToRecipient(this.operatorKey),
    };
    await this.stack.setAll({ plain, secret });
  }

  /** Takes the secret of a role's access key away; answers with what puts its next one into the stack's config. */
  async revoke(role: Role): Promise<() => Promise<void>> {
    const renewed = await this.s3.renewUser(this.keys.get(role) as S3Keys);
    this.keys.set(role, renewed);
    return () => this.stack.setConfig(`${role}Secret`, renewed.secretAccessKey, { secret: true });
  }

  /** The command line for this stack. */
  readonly cli = (...args: readonly string[]) => onStack(this.stack, args);

  /** From now on the store's answers do not arrive, or do again. */
  cut(on: boolean): void {
    this.#line.cut = on;
  }

  readonly kubectl = (...args: readonly string[]): Promise<string> => kubectl("--namespace", this.namespace, ...args);

  readonly sql = (text: string, database = "app"): Promise<string> =>
    serviceSql({ namespace: this.namespace, service: "db", password: this.#password }, database, text);

  async plan(name: PlanName): Promise<Plan> {
    return (await this.#outputs()).specs[name];
  }

  async secrets(): Promise<Readonly<Record<string, string>>> {
    return (await this.#outputs()).secrets;
  }

  readonly #outputs = async () => (await this.stack.outputs()) as unknown as Outputs;

  /** Ids of the points that a plan has published, oldest first: to be asked often. */
  readonly published = (name: PlanName): Promise<readonly string[]> =>
    publishedPoints(this.#client, "backups", `prod/${name}`);

  async points(name: PlanName): Promise<readonly CatalogPoint[]> {
    return (await this.#catalog(name)).points;
  }

  /** Asks for a restore of a plan's point beside what is there, by the stack's config; `up` runs it. */
  async ask(plan: PlanName, request: Pick<Request, "id" | "into" | "point">): Promise<void> {
    const confirm = `inline/${this.namespace}/${plan}`;
    await this.stack.setConfig("restore", JSON.stringify({ plan, confirm, ...request }));
  }

  /** The restores that the ledger of a plan knows. */
  async restores(name: PlanName): Promise<ResultOf<"ledger">["restores"]> {
    return succeeded(await this.#inCluster(name, { kind: "ledger", version: 1, plan: await this.plan(name) }), "ledger")
      .restores;
  }

  /** Reads every byte of a point in the cluster, with its own key. */
  async verify(name: PlanName, point: string): Promise<ResultOf<"verify">["proof"]> {
    const { selected } = await this.#catalog(name, point);
    const decrypter = new Decrypter();
    decrypter.addIdentity(this.operatorKey);
    const envelope = Buffer.from(selected?.identity ?? "", "base64").toString();
    const POINT_IDENTITY = await decrypter.decrypt(armor.decode(envelope), "text");
    const plan = await this.plan(name);
    const job = {
      ...({ kind: "verify", version: 1, repository: plan.repository, plan: name, point, record: false } as const),
      identity: { kind: "env", name: "POINT_IDENTITY" } as const,
    };
    return succeeded(await this.#inCluster(name, job, { POINT_IDENTITY }), "verify").proof;
  }

  async #inCluster(name: PlanName, job: Job, more: Readonly<Record<string, string>> = {}): Promise<Result> {
    const { secrets, specs } = await this.#outputs();
    const { signal } = new AbortController();
    return runnerOn(specs[name])(job, { secrets: { ...secrets, ...more }, onProgress: () => undefined, signal });
  }

  async #catalog(name: PlanName, point?: string): Promise<ResultOf<"catalog">> {
    const { secrets, specs } = await this.#outputs();
    const { repository } = specs[name];
    const job = { kind: "catalog", version: 1, repository, plan: name, unverified: false } as const;
    const result = await runRunner(point === undefined ? job : { ...job, point }, secrets);
    return succeeded(result, "catalog");
  }

  async close(): Promise<void> {
    // All that the stack has declared lies in this namespace.
    await kubectl("delete", "namespace", this.namespace, "--wait=false");
    await this.stack.remove();
    await this.network.stop();
    this.#client.destroy();
    await this.s3.stop();
  }
}
