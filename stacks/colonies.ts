// Colonies' TimescaleDB on Kubernetes: one pod with the server and, beside it, the container that backs it up. Its stacks
// are `colonies-prod` and `colonies-uat`; docs/systems/colonies.md says how to live with them.
//
//   backups:colonies:                  the structure, without any secret
//     runner                           the runner's image, as the cluster has it or can pull it
//     recipients: [age1…, age1…]       who can decrypt every point: yours, and one that is kept elsewhere
//     bucket: { create | adopt | existing: { bucket, endpoint, region?, insecure? } }   create: this stack makes it
//     lock?: { mode: governance | compliance, days }   nobody deletes a version for so long; default no lock
//     prefix?                          default none, so that the layout's keys are those of the old dumps
//     namespace?                       it has to be there; default "timescaledb"
//     kubeconfig?, context?            a file, and one of its contexts; default what kubectl would use
//     image?                           default timescale/timescaledb:2.19.3-pg17
//     user?                            of PostgreSQL in that image, <uid>:<gid>; default 70:70
//     storage?: { size?, backupSize?, class? }   of timescaledb-pvc and backup-pvc; default 10Gi each, the cluster's class
//     resources?                       of the server, as Kubernetes takes them
//     database?, role?                 default postgres, postgres: a superuser, since restores make and rename databases
//     layout?: { prefix? }             names as Colonies' own, backups/backup_<seconds>.bak, not encrypted
//     run?                             sidecar, in the server's pod, or cronJob: a pod for each run; default sidecar
//     schedule?                        { cron, timeZone, jitterSeconds? }, as `0 0 1 * * *`; default: only when somebody asks
//     retention?                       default: the last 3, as FULL_BACKUPS had it
//     superseded?                      as in BackupPlan; what a restore replaced stays for 28 days in prod
//     stop?: [{ deployment | statefulSet: name }]   what writes to the database: scaled to none by a restore, and back
//     timeoutSeconds?                  for each stop and start; default 120
//     rehearsal?: { namespace, kubeconfig?, context?, schedule: { cron, timeZone }, postgres?: { image, user? },
//                   storage?: { size, class? }, memory?, checks? }   the newest point restored by the clock into a namespace
//                                      where nothing else is, and compared; default the same cluster, `image` and `user`
//                                      from above; `checks`: { colonies: [ … ] }, as in Drill
//     from?: [{ environment, publicKey } | { environment, stack }]   whose points may be restored here
//   backups:accessKeyId, backups:secretAccessKey   secrets: of the bucket
//   backups:writerAccessKeyId, backups:writerSecretAccessKey, and the same of reader, pruner, prover   secrets, optional: the
//                                      identities of jobs; default the bucket's own. A rehearsal holds the reader's
//   backups:postgresPassword           secret: of the role
//   backups:rehearsalIdentity          secret: an age private key for rehearsals alone, whose public half is a recipient
//   backups:identity                   secret, optional: an age private key, for restores
//   backups:restore                    the request; absent by default

import { StatefulSet } from "@pulumi/kubernetes/apps/v1/statefulSet.js";
import { PersistentVolumeClaim } from "@pulumi/kubernetes/core/v1/persistentVolumeClaim.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { BackupPlan, Repository, Restore, type RestoreRequest, type Sidecar } from "../components/index.ts";
import { kubernetesTarget, plan, retention } from "../spec/index.ts";
import { bucketConfig, credentialsOf, declaredBucket, identitiesOf, lockConfig } from "./bucket.ts";
import { clusterOf, namespaceConfig, workloadsConfig } from "./cluster.ts";
import { parsedConfig } from "./config.ts";
import { guards } from "./guards.ts";
import { otherEnvironments, readRepository } from "./other-environments.ts";
import { rehearsal, rehearsalConfig } from "./rehearsal.ts";
import { scheduleConfig } from "./schedule.ts";

const coloniesConfig = namespaceConfig.extend({
  runner: z.string(),
  recipients: z.array(z.string()),
  bucket: bucketConfig,
  lock: lockConfig,
  prefix: z.string().default(""),
  namespace: kubernetesTarget.shape.namespace.default("timescaledb"),
  image: z.string().default("timescale/timescaledb:2.19.3-pg17"),
  user: kubernetesTarget.shape.user.unwrap().default("70:70"),
  storage: z
    .strictObject({
      size: z.string().default("10Gi"),
      backupSize: z.string().default("10Gi"),
      class: z.string().optional(),
    })
    .prefault({}),
  resources: z.record(z.string(), z.record(z.string(), z.string())).optional(),
  database: z.string().default("postgres"),
  role: z.string().default("postgres"),
  layout: z.strictObject({ prefix: z.string().optional() }).optional(),
  run: z.enum(["sidecar", "cronJob"]).default("sidecar"),
  schedule: scheduleConfig,
  retention: retention.default({ keepLast: 3, minimum: 3 }),
  superseded: plan.shape.superseded,
  stop: workloadsConfig.default([]),
  timeoutSeconds: z.number().positive().optional(),
  rehearsal: rehearsalConfig.optional(),
  from: otherEnvironments({}),
});
type ColoniesConfig = z.output<typeof coloniesConfig>;

/** The names that Colonies' own chart gives. */
const NAMES = {
  server: "timescaledb-statefulset",
  container: "timescaledb-container",
  sidecar: "backup",
  service: "timescaledb-service",
  data: "timescaledb-pvc",
  ledger: "backup-pvc",
  secret: "timescaledb-secret",
} as const;
const PORT = 5432;
const LABELS = { app: "timescaledb" };
const PASSWORD = { key: "password", folder: "/run/secrets/timescaledb" };

/** The program of the stacks `colonies-prod` and `colonies-uat`. */
export const colonies = (environment: string) => {
  const config = new pulumi.Config();
  const settings = parsedConfig(coloniesConfig, "colonies");
  const { storage } = settings;
  const hasSidecar = settings.schedule !== undefined && settings.run === "sidecar";

  const bucket = declaredBucket("backups", settings.bucket, credentialsOf(config), settings.lock);
  const s3 = { bucket, prefix: settings.prefix, credentials: identitiesOf(config) };
  const repository = new Repository("colonies", { s3, environment });
  const backups = new BackupPlan("colonies", {
    target: {
      kubernetes: {
        ...clusterOf(settings),
        ledger: { claim: NAMES.ledger, size: storage.backupSize, storageClass: storage.class },
      },
    },
    runner: { image: settings.runner },
    ...(hasSidecar ? { run: { sidecar: {} } } : {}),
    sources: [database(settings, config)],
    layout: settings.layout && { colonies: settings.layout },
    repository,
    recipients: settings.recipients,
    schedule: settings.schedule ?? { none: {} },
    retention: settings.retention,
    ...(settings.stop.length > 0 ? { quiesce: { units: settings.stop, timeoutSeconds: settings.timeoutSeconds } } : {}),
    ...guards(environment, settings.superseded),
  });
  const timescaledb = server(settings, config, hasSidecar ? backups : undefined);
  const { image, user } = settings;
  if (settings.rehearsal) rehearsal(settings.rehearsal, [backups], settings, { image, user }, config);
  const restore = new Restore(
    "restore",
    {
      plans: [backups],
      from: settings.from.map((source) => readRepository("colonies", source, s3)),
      identity: config.getSecret("identity"),
      request: config.getObject<RestoreRequest>("restore"),
    },
    // An empty cluster has it only then.
    { dependsOn: timescaledb },
  );

  return { record: restore.record, publicKey: repository.publicKey, bucket: bucket.bucket };
};

/** By the service, not by localhost: restores and backups by hand run in pods of their own. */
const database = ({ database: name, role }: ColoniesConfig, config: pulumi.Config) => ({
  postgres: {
    name: "timescaledb",
    host: NAMES.service,
    port: PORT,
    database: name,
    user: role,
    password: config.requireSecret("postgresPassword"),
  },
});

/** TimescaleDB as the chart deploys it, with its password in a Secret and the plan's container in its pod. */
const server = (
  settings: ColoniesConfig,
  config: pulumi.Config,
  backups: BackupPlan | undefined,
): pulumi.Resource[] => {
  const { namespace, storage } = settings;
  const opts = {
    provider: new Provider("timescaledb", { kubeconfig: settings.kubeconfig, context: settings.context }),
  };
  const metadata = (name: string) => ({ name, namespace, labels: LABELS });
  const secret = new Secret(
    "timescaledb",
    { metadata: metadata(NAMES.secret), stringData: { [PASSWORD.key]: config.requireSecret("postgresPassword") } },
    opts,
  );
  const claim = new PersistentVolumeClaim(
    "timescaledb",
    {
      metadata: { ...metadata(NAMES.data), annotations: { "pulumi.com/skipAwait": "true" } },
      spec: {
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: storage.size } },
        ...(storage.class === undefined ? {} : { storageClassName: storage.class }),
      },
    },
    { ...opts, retainOnDelete: true },
  );
  const service = new Service(
    "timescaledb",
    { metadata: metadata(NAMES.service), spec: { selector: LABELS, ports: [{ name: "postgresql", port: PORT }] } },
    opts,
  );
  const pod = backups ? backups.sidecar.apply((beside) => podTemplate(settings, beside)) : podTemplate(settings);
  const statefulSet = new StatefulSet(
    "timescaledb",
    {
      metadata: metadata(NAMES.server),
      spec: { serviceName: NAMES.service, replicas: 1, selector: { matchLabels: LABELS }, template: pod },
    },
    { ...opts, dependsOn: [secret, claim, ...(backups ? [backups] : [])] },
  );
  return [service, statefulSet];
};

const podTemplate = (settings: ColoniesConfig, beside?: Sidecar) => {
  const [uid, gid] = settings.user.split(":").map(Number) as [number, number];
  return {
    metadata: { labels: LABELS, annotations: { ...beside?.annotations } },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { fsGroup: gid, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: NAMES.container,
          image: settings.image,
          imagePullPolicy: "IfNotPresent",
          env: [
            { name: "PGDATA", value: "/var/lib/postgresql/data/db" },
            { name: "POSTGRES_USER", value: settings.role },
            { name: "POSTGRES_DB", value: settings.database },
            { name: "POSTGRES_PASSWORD_FILE", value: `${PASSWORD.folder}/${PASSWORD.key}` },
          ],
          ports: [{ containerPort: PORT, name: "postgresql" }],
          // By TCP: while it makes its cluster, the server listens on its socket only.
          readinessProbe: {
            exec: { command: ["pg_isready", "--host", "127.0.0.1"] },
            periodSeconds: 5,
            timeoutSeconds: 5,
          },
          securityContext: {
            runAsNonRoot: true,
            runAsUser: uid,
            runAsGroup: gid,
            allowPrivilegeEscalation: false,
            capabilities: { drop: ["ALL"] },
          },
          ...(settings.resources ? { resources: settings.resources } : {}),
          volumeMounts: [
            { name: "data", mountPath: "/var/lib/postgresql/data" },
            { name: "password", mountPath: PASSWORD.folder, readOnly: true },
          ],
        },
        ...(beside ? [{ ...beside.container, name: NAMES.sidecar }] : []),
      ],
      volumes: [
        { name: "data", persistentVolumeClaim: { claimName: NAMES.data } },
        { name: "password", secret: { secretName: NAMES.secret, defaultMode: 0o440 } },
        ...(beside?.volumes ?? []),
      ],
    },
  };
};
