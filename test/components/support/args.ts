import { generateKeyPairSync } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import {
  BackupBucket,
  type BackupPlanArgs,
  Repository,
  type RepositoryCredentials,
} from "../../../components/index.ts";

export const RECIPIENTS = [`age1${"q".repeat(58)}`, `age1${"p".repeat(58)}`];
export const PUBLIC_KEY = `${"B".repeat(43)}=`;
export const CREDENTIALS = { accessKeyId: "AKIA-of-tests", secretAccessKey: "secret-of-tests" };
export const ENDPOINT = { endpoint: "https://s3.example.org:9000" };

export const aBucket = (name = "backups") =>
  new BackupBucket(name, { create: { ...ENDPOINT, credentials: CREDENTIALS } });

export const aRepository = (name = "montagu") => new Repository(name, { directory: "/backups", environment: "uat" });

const PRIVATE_KEY = String(generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }));

/** In a bucket, with keys that are the same at every call. */
export const aStoredRepository = (name = "montagu", credentials?: RepositoryCredentials) => {
  const key = { publicKey: PUBLIC_KEY, privateKey: PRIVATE_KEY };
  const kept = { signing: { key }, proving: { key }, filesPassword: "files-password-of-tests" };
  return new Repository(name, { s3: { bucket: aBucket(), credentials }, environment: "uat", ...kept });
};

/** Arguments of a plan that are right, with every optional field given once, and leaves as Outputs where `wrap` says. */
export const planArgs = (
  repository: Repository,
  wrap: <T>(value: T) => pulumi.Input<T> = (value) => value,
): BackupPlanArgs => ({
  target: { local: { ledger: wrap("/ledger"), scratch: wrap("/scratch") } },
  sources: [
    {
      postgres: {
        name: "db",
        host: wrap("db.example.org"),
        port: wrap(5433),
        database: wrap("packit"),
        user: wrap("packituser"),
        password: "password-of-tests",
        admin: { user: wrap("postgres"), password: pulumi.secret("admin-password-of-tests") },
        tls: { verifyFull: { ca: wrap("/ca.pem") } },
        countFromStreamAbove: wrap(1000),
        maxSnapshotHours: wrap(2),
        allowEmpty: wrap(true),
        restoreJobs: wrap(3),
      },
    },
    { files: { name: "outpack", directory: wrap("/outpack"), exclude: [wrap("tmp")], allowEmpty: wrap(true) } },
  ],
  repository,
  schedule: { cron: "@daily", timeZone: "Europe/London" },
  retention: { keepDaily: 14, keepMonthly: 12, minimum: 3 },
  recipients: RECIPIENTS.map(wrap),
  quiesce: { stop: [[wrap("stop")]], start: [[wrap("start")]], probe: [wrap("probe")], timeoutSeconds: wrap(30) },
  hooks: { afterRestore: [[wrap("scrub")]] },
  protected: true,
  superseded: { days: 28 },
  shrinkBelow: wrap(0.8),
  leaseSeconds: wrap(60),
  name: "packit-plan",
});

/** The same on a Docker host. */
export const dockerPlanArgs = (
  repository: Repository,
  wrap: <T>(value: T) => pulumi.Input<T> = (value) => value,
): BackupPlanArgs => {
  const { sources, target: _target, quiesce, ...rest } = planArgs(repository, wrap);
  return {
    ...rest,
    target: {
      docker: {
        host: wrap("ssh://backup@host.example.org"),
        networkOf: wrap("app_1"),
        user: wrap("10002:10003"),
        memory: wrap(256 * 1024 ** 2),
        ledger: wrap("ledger-of-tests"),
      },
    },
    runner: { image: wrap("restorable-runner:1.0") },
    sources: [
      ...sources.slice(0, 1),
      { files: { name: "images", volume: wrap("app_images"), exclude: [wrap("tmp")], allowEmpty: wrap(true) } },
      { files: { name: "envs", hostPath: wrap("/srv/app/.envs"), subdirectory: "now/prod" } },
    ],
    schedule: { cron: "0 0 2 * * *", timeZone: "Europe/London", jitterSeconds: 60 },
    quiesce: {
      ...quiesce,
      quietSeconds: wrap(5),
      units: [
        { host: { stop: [wrap("supervisorctl"), "stop", "app"], start: ["supervisorctl", "start", "app"] } },
        { compose: { project: wrap("production"), keep: [wrap("postgres")] } },
        {
          exec: {
            container: wrap("app_1"),
            stop: ["stop", wrap("celery")],
            start: ["start", "celery"],
            stopped: ["gone", wrap("celery")],
            user: wrap("celery"),
          },
        },
        { container: wrap("worker_1") },
      ],
      probes: [
        { http: wrap("http://host.example.org:8080/") },
        { exec: { container: wrap("app_1"), argv: ["ready", wrap("now")], user: wrap("app") } },
      ],
    },
  };
};

/** The same in a cluster; its repository is in a bucket. */
export const clusterPlanArgs = (
  repository: Repository,
  wrap: <T>(value: T) => pulumi.Input<T> = (value) => value,
): BackupPlanArgs => {
  const { sources, target: _target, quiesce, ...rest } = planArgs(repository, wrap);
  return {
    ...rest,
    target: {
      kubernetes: {
        namespace: wrap("chipster"),
        kubeconfig: { content: pulumi.secret("kubeconfig-of-tests") },
        context: wrap("uat"),
        user: wrap("10002:10003"),
        memory: wrap(512 * 1024 ** 2),
        cpu: wrap(1.5),
        ledger: { claim: wrap("ledger-of-tests"), size: wrap("10Gi"), storageClass: wrap("fast") },
        certificates: [{ path: wrap("/ca.pem"), configMap: { name: wrap("db-ca"), key: wrap("ca.crt") } }],
      },
    },
    runner: { image: wrap("restorable-runner:1.0"), pullSecrets: [wrap("pull")] },
    run: { cronJob: { deadlineHours: 12, startingDeadlineHours: 3 } },
    sources: [
      ...sources.slice(0, 1),
      {
        files: {
          name: "storage",
          claim: wrap("storage-0"),
          beside: { app: wrap("file-storage") },
          subdirectory: "files",
          allowEmpty: wrap(true),
        },
      },
      { files: { name: "passwords", secret: wrap("passwords"), byName: wrap(true) } },
    ],
    schedule: { cron: "0 0 2 * * 1-7", timeZone: "Europe/Helsinki", jitterSeconds: 60 },
    quiesce: {
      ...quiesce,
      units: [{ deployment: wrap("web") }, { statefulSet: wrap("auth") }],
      probes: [
        { http: wrap("http://web.example.org/") },
        { deployment: { name: wrap("web"), container: wrap("web"), argv: [wrap("true")] } },
      ],
    },
  };
};
