// Chipster on Kubernetes: three databases, a large tree of files, and what one server alone has. Its stacks are
// `chipster-prod` and `chipster-uat`; docs/systems/chipster.md says how to live with them.
//
// Three plans, so that none hides or stops another: `sessions` (the database of sessions, the files, values.yaml and the
// Secret `passwords`, in one point), `auth` and `job-history`.
//
//   backups:chipster:                  the structure, without any secret
//     runner                           the runner's image, as the cluster has it or can pull it
//     recipients: [age1…, age1…]       who can decrypt every point: yours, and one that is kept elsewhere
//     bucket: { create | adopt | existing: { bucket, endpoint, region? } }   create: this stack makes it
//     lock?: { mode: governance | compliance, days }   nobody deletes a version for so long; default no lock
//     prefix?                          default "chipster"
//     oldArchives?                     whether `restorable list` shows what Chipster's own backup stored below the prefix; default
//                                      false: it reads the names of all objects there
//     namespace?                       where Chipster runs; default "default"
//     kubeconfig?, context?            a file, and one of its contexts; default what kubectl would use
//     user?                            who owns the files, <uid>:<gid> in numbers; default 10001:10001
//     vacuumlo?                        before each dump, as Chipster's own backup does; default true
//     schedule?                        { cron, timeZone, jitterSeconds? }; default: only when somebody asks
//     retention?                       default: 90 daily, 24 monthly, and all of the last 60 days
//     superseded?                      as in BackupPlan; what a restore replaced stays for 28 days in prod
//     stop?: { sessions?, auth?, job-history? }   lists of { deployment | statefulSet: name } that a restore scales to
//                                      none, and back; default session-db and file-storage, auth, job-history
//     timeoutSeconds?                  for each stop and start; default 120
//     archive?: { to, docker? | kubernetes?, ledger?, schedule?, retention? }   copies that the cluster cannot touch, in plans
//                                      of their own: sessions-archive and so on. `to`: { directory } or { bucket, prefix? };
//                                      the archive host: `docker` { host?, network, user? } or `kubernetes` { namespace,
//                                      kubeconfig?, context? }, or with neither `restorable copy` on this machine
//     rehearsal?: { namespace, kubeconfig?, context?, schedule: { cron, timeZone }, plans?, postgres?: { image, user? },
//                   storage?: { size, class? }, memory?, checks? }   the newest points restored by the clock into a
//                                      namespace where nothing else is, and compared; default the same cluster, every
//                                      plan, postgres:14; `checks`: questions by plan, as in Drill
//     from?: [{ environment, publicKey } | { environment, stack }]   whose points may be restored here
//   backups:accessKeyId, backups:secretAccessKey   secrets: of the bucket
//   backups:writerAccessKeyId, backups:writerSecretAccessKey, and the same of reader, pruner, prover   secrets, optional: the
//                                      identities of jobs; default the bucket's own. An archive and a rehearsal hold the reader's
//   backups:sessionDbPassword, backups:authPassword, backups:jobHistoryPassword   secrets: of the role postgres
//   backups:archiveAccessKeyId, backups:archiveSecretAccessKey   secrets: of the archive's bucket, where it has one
//   backups:rehearsalIdentity          secret: an age private key for rehearsals alone, whose public half is a recipient
//   backups:values                     secret: the text of values.yaml
//   backups:identity                   secret, optional: an age private key, for restores
//   backups:restore                    the request; absent by default

import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { BackupPlan, Repository, Restore, type RestoreRequest, type SourceArgs } from "../components/index.ts";
import { kubernetesTarget, plan, retention } from "../spec/index.ts";
import { archive, archiveConfig } from "./archive.ts";
import { bucketConfig, credentialsOf, declaredBucket, identitiesOf, lockConfig } from "./bucket.ts";
import { clusterOf, namespaceConfig, workloadsConfig } from "./cluster.ts";
import { parsedConfig } from "./config.ts";
import { guards } from "./guards.ts";
import { otherEnvironments, readRepository } from "./other-environments.ts";
import { rehearsal, rehearsalConfig } from "./rehearsal.ts";
import { scheduleConfig } from "./schedule.ts";

/** Who loses its points loses users' work, or only what users bring again and statistics. */
const PLANS = { sessions: "critical", auth: "ordinary", "job-history": "ordinary" } as const;
type PlanName = keyof typeof PLANS;

const chipsterConfig = namespaceConfig.extend({
  runner: z.string(),
  recipients: z.array(z.string()),
  bucket: bucketConfig,
  lock: lockConfig,
  prefix: z.string().default("chipster"),
  oldArchives: z.boolean().default(false),
  namespace: kubernetesTarget.shape.namespace.default("default"),
  user: kubernetesTarget.shape.user,
  vacuumlo: z.boolean().default(true),
  schedule: scheduleConfig,
  retention: retention.default({ keepDaily: 90, keepMonthly: 24, keepWithin: "P60D", minimum: 3 }),
  superseded: plan.shape.superseded,
  stop: z
    .strictObject({
      sessions: workloadsConfig.default([{ deployment: "session-db" }, { statefulSet: "file-storage" }]),
      auth: workloadsConfig.default([{ deployment: "auth" }]),
      "job-history": workloadsConfig.default([{ deployment: "job-history" }]),
    })
    .prefault({}),
  timeoutSeconds: z.number().positive().optional(),
  archive: archiveConfig.optional(),
  rehearsal: rehearsalConfig.optional(),
  from: otherEnvironments({}),
});
type ChipsterConfig = z.output<typeof chipsterConfig>;

/** The program of the stacks `chipster-prod` and `chipster-uat`. */
export const chipster = (environment: string) => {
  const config = new pulumi.Config();
  const settings = parsedConfig(chipsterConfig, "chipster");

  const bucket = declaredBucket("backups", settings.bucket, credentialsOf(config), settings.lock);
  const s3 = { bucket, prefix: settings.prefix, credentials: identitiesOf(config) };
  const repository = new Repository("chipster", { s3, environment });
  const sources: Readonly<Record<PlanName, SourceArgs[]>> = {
    sessions: [database("session-db", settings, config), STORAGE, ...ofThisServer(settings, config)],
    auth: [database("auth", settings, config)],
    "job-history": [database("job-history", settings, config)],
  };
  const plans = (Object.keys(PLANS) as PlanName[]).map(
    (name) =>
      new BackupPlan(name, {
        target: target(settings),
        runner: { image: settings.runner },
        sources: sources[name],
        repository,
        ...(settings.oldArchives ? { layout: { chipster: {} } } : {}),
        recipients: settings.recipients,
        schedule: settings.schedule ?? { none: {} },
        retention: settings.retention,
        criticality: PLANS[name],
        quiesce: { units: settings.stop[name], timeoutSeconds: settings.timeoutSeconds },
        ...guards(environment, settings.superseded),
      }),
  );
  if (settings.archive) archive(settings.archive, repository, settings.runner, PLANS, config);
  if (settings.rehearsal) rehearsal(settings.rehearsal, plans, settings, { image: "postgres:14" }, config);
  const restore = new Restore("restore", {
    plans,
    from: settings.from.map((source) => readRepository("chipster", source, s3)),
    identity: config.getSecret("identity"),
    request: config.getObject<RestoreRequest>("restore"),
  });

  return { record: restore.record, publicKey: repository.publicKey, bucket: bucket.bucket };
};

const target = (settings: ChipsterConfig) => ({ kubernetes: { ...clusterOf(settings), user: settings.user } });

/** As Chipster's own chart names them. */
const DATABASES = {
  "session-db": { database: "session_db_db", password: "sessionDbPassword" },
  auth: { database: "auth_db", password: "authPassword" },
  "job-history": { database: "job_history_db", password: "jobHistoryPassword" },
} as const;

const database = (name: keyof typeof DATABASES, { vacuumlo }: ChipsterConfig, config: pulumi.Config): SourceArgs => ({
  postgres: {
    name,
    host: `chipster-${name}-postgresql`,
    database: DATABASES[name].database,
    user: "postgres",
    password: config.requireSecret(DATABASES[name].password),
    vacuumlo,
  },
});

/** Only one node may mount it, so its backups run where file-storage does; the label is one that Kubernetes itself sets. */
const STORAGE: SourceArgs = {
  files: {
    name: "storage",
    claim: "storage-file-storage-0",
    beside: { "statefulset.kubernetes.io/pod-name": "file-storage-0" },
    store: { incremental: {} },
  },
};

/** Without these two a new cluster has the rows and the files of old sessions and cannot open one. */
const ofThisServer = (settings: ChipsterConfig, config: pulumi.Config): SourceArgs[] => {
  const { kubeconfig, context } = settings;
  const provider = new Provider("chipster", { kubeconfig, context, enableSecretMutable: true });
  const values = new Secret(
    "values",
    {
      metadata: { name: "restorable-chipster-values", namespace: settings.namespace },
      stringData: { "values.yaml": config.requireSecret("values") },
    },
    { provider },
  );
  return [
    { files: { name: "values", secret: values.metadata.name } },
    { files: { name: "passwords", secret: "passwords" } },
  ];
};
