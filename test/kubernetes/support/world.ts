import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from "@aws-sdk/client-s3";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { type Plan, parse, plan as planSchema, type Quiesce } from "../../../spec/index.ts";
import { RUNNER_IMAGE, S3_IMAGE } from "../../../tools/docker/images.ts";
import { restorable } from "../../docker/support/launches.ts";
import { s3Location, signingKeys } from "../../runner/world.ts";
import { POSTGRES_PROBES } from "../../support/postgres-probes.ts";
import { waitFor } from "../../support/wait-for.ts";
import { apply, kubectl } from "./kubectl.ts";
import { serviceSql } from "./service-sql.ts";

/** What Pod Security `restricted` asks of every pod. */
const POD = (user: number) => ({
  securityContext: { runAsNonRoot: true, runAsUser: user, fsGroup: user, seccompProfile: { type: "RuntimeDefault" } },
  terminationGracePeriodSeconds: 5,
  automountServiceAccountToken: false,
});
const CONFINED = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
/** Where the application has its claim. */
const FILES = { "/data": "files" };
/** Whom the image of PostgreSQL knows. */
const POSTGRES = 100;
/** Each of these questions is a process. */
const ASKING = { seconds: 60, every: 250 };
/** Who runs the application and its jobs. */
export const USER = 10001;

/**
 * PostgreSQL as a StatefulSet, an S3 store, an application (a Deployment that writes to the database and to files in a
 * claim), and a plan that backs them up; in a namespace of its own where pods are restricted.
 */
export class ClusterWorld {
  readonly namespace: string;
  readonly secrets: Readonly<Record<string, string>>;
  readonly operatorKey: string;
  readonly plan: Plan;
  #folder: string | undefined;

  private constructor(namespace: string, secrets: Readonly<Record<string, string>>, operatorKey: string, plan: Plan) {
    this.namespace = namespace;
    this.secrets = secrets;
    this.operatorKey = operatorKey;
    this.plan = plan;
  }

  static async make(name: string): Promise<ClusterWorld> {
    const namespace = `${name}-${randomBytes(3).toString("hex")}`;
    const secret = () => randomBytes(16).toString("hex");
    const signing = signingKeys();
    const operatorKey = await generateIdentity();
    const secrets = {
      PG_PASSWORD: secret(),
      S3_ID: `root-${secret()}`,
      S3_SECRET: secret(),
      SIGNING_KEY: signing.privateKey,
    };
    const plan = planOf(namespace, signing.publicKey, await identityToRecipient(operatorKey));
    const world = new ClusterWorld(namespace, secrets, operatorKey, plan);
    await apply({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: namespace, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
    });
    try {
      await apply(...world.#objects());
      await Promise.all(
        ["statefulset/db", "deployment/s3", "deployment/app"].map((each) =>
          world.kubectl("rollout", "status", each, "--timeout=300s"),
        ),
      );
      await world.#makeBucket();
      return world;
    } catch (error) {
      await world.close();
      throw error;
    }
  }

  /** The plan with changes, read again as a whole. */
  planWith({ quiesce, ...changes }: Partial<Omit<Plan, "quiesce">> & { readonly quiesce?: Partial<Quiesce> }): Plan {
    return parse(planSchema, { ...this.plan, ...changes, ...(quiesce === undefined ? {} : { quiesce }) }, "plan");
  }

  readonly kubectl = (...args: readonly string[]): Promise<string> => kubectl("--namespace", this.namespace, ...args);

  /** What a query answers, one line per row. */
  readonly sql = (database: string, text: string): Promise<string> =>
    serviceSql({ namespace: this.namespace, service: "db", password: this.secrets.PG_PASSWORD ?? "" }, database, text);

  /** Runs a few lines of Node beside the application's files. */
  readonly inFiles = async (script: string): Promise<string> =>
    this.kubectl("exec", "files-0", "--", "node", "--eval", script);

  /** What a Deployment or StatefulSet of the application's is at, and whether a restore has left a note on it. */
  readonly scale = async (
    workload: string,
  ): Promise<{ readonly replicas: number; readonly ready: number; readonly noted: boolean }> => {
    const { spec, status, metadata } = JSON.parse(await this.kubectl("get", workload, "--output", "json"));
    const noted = JSON.stringify(metadata.annotations ?? {}).includes("restorable");
    return { replicas: spec.replicas, ready: status.readyReplicas ?? 0, noted };
  };

  /** The name of a pod with these labels, once one runs. */
  readonly runningPod = (selector: string): Promise<string> =>
    waitFor(
      `a running pod with ${selector}`,
      async () => {
        const pods = await this.kubectl(
          ...["get", "pods", "--selector", selector, "--field-selector", "status.phase=Running"],
          ...["--output", "jsonpath={.items[*].metadata.name}"],
        );
        return pods || undefined;
      },
      ASKING,
    );

  /** Sets a limit on what the namespace may have; without one, takes it away again. */
  readonly quota = async (hard?: Readonly<Record<string, string>>): Promise<void> => {
    const metadata = { name: "none", namespace: this.namespace };
    if (hard) await apply({ apiVersion: "v1", kind: "ResourceQuota", metadata, spec: { hard } });
    else await this.kubectl("delete", "resourcequota", "none");
  };

  /** A pod of the application's user with claims at these paths, which runs what a test does to them. */
  readonly writerPod = async (name: string, claims: Readonly<Record<string, string>>): Promise<void> => {
    const { spec } = pods("x", USER, writer(claims)).template;
    await apply({ apiVersion: "v1", kind: "Pod", metadata: { name, namespace: this.namespace }, spec });
    await this.kubectl("wait", "--for=condition=Ready", `pod/${name}`, "--timeout=120s");
  };

  /** The command line, with a plan in a file. */
  readonly cli = (plan: Plan, ...args: readonly string[]): ReturnType<typeof restorable> => {
    this.#folder ??= mkdtempSync(path.join(tmpdir(), "restorable-cluster-"));
    const file = path.join(this.#folder, "plan.json");
    writeFileSync(file, JSON.stringify(plan));
    return restorable(this, [...args, "--target", file]);
  };

  readonly close = async (): Promise<void> => {
    await kubectl("delete", "namespace", this.namespace, "--wait=false");
    if (this.#folder) rmSync(this.#folder, { recursive: true });
  };

  /** Where this machine reaches the store. */
  readonly storeEndpoint = async (): Promise<string> =>
    `http://${await this.kubectl("get", "service", "s3", "--output", "jsonpath={.spec.clusterIP}")}:7070`;

  async #makeBucket(): Promise<void> {
    const client = new S3Client({
      endpoint: await this.storeEndpoint(),
      region: "us-east-1",
      forcePathStyle: true,
      credentials: { accessKeyId: this.secrets.S3_ID as string, secretAccessKey: this.secrets.S3_SECRET as string },
    });
    try {
      await waitFor("the S3 store", () => client.send(new CreateBucketCommand({ Bucket: "backups" })));
      const VersioningConfiguration = { Status: "Enabled" } as const;
      await client.send(new PutBucketVersioningCommand({ Bucket: "backups", VersioningConfiguration }));
    } finally {
      client.destroy();
    }
  }

  #objects(): readonly object[] {
    const { namespace } = this;
    const at = (name: string) => ({ name, namespace });
    const { PG_PASSWORD, S3_ID, S3_SECRET } = this.secrets;
    const passwords = { POSTGRES_PASSWORD: PG_PASSWORD, ROOT_ACCESS_KEY: S3_ID, ROOT_SECRET_KEY: S3_SECRET };
    const from = (key: string) => ({ name: key, valueFrom: { secretKeyRef: { name: "passwords", key } } });
    return [
      { apiVersion: "v1", kind: "Secret", metadata: at("passwords"), stringData: passwords },
      service(at("db"), 5432),
      service(at("s3"), 7070),
      {
        apiVersion: "apps/v1",
        kind: "StatefulSet",
        metadata: at("db"),
        spec: {
          serviceName: "db",
          ...pods("db", POSTGRES, {
            name: "postgres",
            image: "postgres:17-trixie",
            env: [
              from("POSTGRES_PASSWORD"),
              { name: "POSTGRES_DB", value: "app" },
              { name: "PGDATA", value: "/data/pg" },
            ],
            ...POSTGRES_PROBES,
            volumeMounts: [{ name: "data", mountPath: "/data" }],
          }),
          volumeClaimTemplates: [{ metadata: { name: "data" }, spec: claim("1Gi") }],
        },
      },
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: at("s3"),
        spec: pods("s3", 10002, {
          name: "s3",
          image: S3_IMAGE,
          env: [from("ROOT_ACCESS_KEY"), from("ROOT_SECRET_KEY")],
          readinessProbe: { tcpSocket: { port: 7070 }, periodSeconds: 1 },
        }),
      },
      { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: at("files"), spec: claim("200Mi") },
      { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: at("ledger"), spec: claim("200Mi") },
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: at("app"),
        spec: { ...pods("app", USER, writer(FILES)), replicas: 2 },
      },
      // For the test's own looks at the files, also while the application is stopped.
      { apiVersion: "v1", kind: "Pod", metadata: at("files-0"), spec: pods("x", USER, writer(FILES)).template.spec },
    ];
  }
}

const service = (metadata: { readonly name: string }, port: number) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata,
  spec: { selector: { app: metadata.name }, ports: [{ port }] },
});

const claim = (storage: string) => ({ accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } });

const pods = (
  app: string,
  user: number,
  container: Readonly<Record<string, unknown>> & { readonly volumes?: readonly object[] },
) => {
  const { volumes, ...rest } = container;
  return {
    selector: { matchLabels: { app } },
    template: {
      metadata: { labels: { app } },
      spec: {
        ...POD(user),
        ...(volumes ? { volumes } : {}),
        containers: [{ imagePullPolicy: "IfNotPresent", securityContext: CONFINED, ...rest }],
      },
    },
  };
};

/** An application that holds claims, by their paths; what it writes, tests write for it. */
const writer = (claims: Readonly<Record<string, string>>) => ({
  name: "app",
  image: RUNNER_IMAGE,
  command: ["node", "--eval", "setInterval(() => undefined, 1e6); process.on('SIGTERM', () => process.exit(0))"],
  volumeMounts: Object.entries(claims).map(([mountPath, name]) => ({ name, mountPath })),
  volumes: Object.values(claims).map((name) => ({ name, persistentVolumeClaim: { claimName: name } })),
});

const env = (name: string) => ({ kind: "env" as const, name });

const planOf = (namespace: string, trusted: string, recipient: string): Plan =>
  parse(
    planSchema,
    {
      version: 1,
      project: "backups",
      stack: namespace,
      name: "app",
      target: { kind: "kubernetes", namespace, image: RUNNER_IMAGE, ledger: "ledger", user: `${USER}:${USER}` },
      sources: [
        {
          kind: "postgres",
          name: "db",
          host: "db",
          database: "app",
          login: { user: "postgres", password: env("PG_PASSWORD") },
        },
        {
          kind: "files",
          name: "files",
          directory: "/sources/files",
          mount: { kind: "claim", name: "files", beside: { app: "app" } },
        },
      ],
      repository: {
        environment: "prod",
        location: s3Location("http://s3:7070"),
        trusted: [trusted],
        signingKey: env("SIGNING_KEY"),
      },
      recipients: [recipient],
      quiesce: { units: [{ kind: "workload", resource: "Deployment", name: "app" }] },
      // A machine may be too busy to renew a short one.
      leaseSeconds: 30,
    },
    "plan",
  );
