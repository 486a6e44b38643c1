// TopoBank: a Django application under docker-compose on one machine, with PostgreSQL in a container and media files in
// an S3 bucket, kept running by supervisor. Its stacks are `topobank-prod`, `topobank-uat` and `topobank-local`.
// docs/systems/topobank.md says how to back up, restore, roll back and rebuild.
//
//   backups:topobank:                  the structure, without any secret
//     image                            the runner's image, which the machine has or can pull
//     host?                            how its engine is reached, as DOCKER_HOST has it; default the local one
//     project?                         the compose project; default "local" in the environment local, else "production"
//     user?                            `<uid>:<gid>` of who may read .envs; default 10001:10001
//     postgres: { user, host?, database?, volume? }    default "postgres", "topobank", `<project>_postgres_data`
//     media: { bucket, prefix?, endpoint, region? }    prefix by default "media"
//     dumps: { bucket, endpoint, region?, adopt? }     another bucket; adopt: it is there already; default false
//     envs?                            .envs/.production on the machine; default: not backed up, with a warning
//     recipients: [age1…]
//     schedule?                        five or six fields, @daily and the like, or "none"; default "@daily"
//     timeZone?                        default "UTC"
//     maxBackups?                      the last so many are kept, 0 keeps all; default 10
//     supervisor?: { stop, start }     programs of the machine; default `supervisorctl stop|start topobank`, on local "none"
//     page?                            a URL that answers when the application runs
//     quietSeconds?                    how long everything must stay stopped before the swap; default 30
//     protected?                       default true in prod
//     from?: [{ environment, dumps, publicKey } | { environment, dumps, stack }]   whose points may be restored here
//     files?                           a SELECT of the key below media's prefix that each row expects, for `restorable orphans`
//     migration?: { name, run }        a program that runs once for each name, and only after a verified recovery point
//   backups:postgresPassword           secret
//   backups:mediaAccessKeyId, backups:mediaSecretAccessKey     secrets: as in .django
//   backups:dumpsAccessKeyId, backups:dumpsSecretAccessKey     secrets: of the bucket of dumps
//   backups:fromAccessKeyId, backups:fromSecretAccessKey       secrets: read the buckets of `from`
//   backups:identity                   secret, optional: an age private key, for restores
//   backups:restore                    the request; absent by default

import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import {
  BackupBucket,
  BackupPlan,
  type QuiesceArgs,
  RecoveryPoint,
  Repository,
  Restore,
  type RestoreRequest,
  type S3CredentialsArgs,
  type ScheduleChoice,
} from "../components/index.ts";
import { maxBackups, slug } from "../spec/index.ts";
import { credentialsOf } from "./bucket.ts";
import { parsedConfig } from "./config.ts";
import { otherEnvironments, readRepository } from "./other-environments.ts";

const argv = z.array(z.string()).min(1);
const bucket = z.strictObject({ bucket: z.string(), endpoint: z.string(), region: z.string().optional() });

const topobankConfig = z.strictObject({
  image: z.string(),
  host: z.string().optional(),
  project: z.string().optional(),
  user: z.string().optional(),
  postgres: z.strictObject({
    user: z.string(),
    host: z.string().default("postgres"),
    database: z.string().default("topobank"),
    volume: z.string().optional(),
  }),
  media: bucket.extend({ prefix: z.string().default("media") }),
  dumps: bucket.extend({ adopt: z.boolean().default(false) }),
  envs: z.string().optional(),
  recipients: z.array(z.string()),
  schedule: z.string().default("@daily"),
  timeZone: z.string().default("UTC"),
  maxBackups: z.number().int().min(0).default(10),
  supervisor: z.union([z.literal("none"), z.strictObject({ stop: argv, start: argv })]).optional(),
  page: z.string().optional(),
  quietSeconds: z.number().min(0).default(30),
  protected: z.boolean().optional(),
  from: otherEnvironments({ dumps: bucket }),
  files: z.string().default("SELECT datafile FROM manager_topography WHERE datafile <> ''"),
  migration: z.strictObject({ name: slug, run: argv.min(2) }).optional(),
});
type TopobankConfig = z.output<typeof topobankConfig>;

/** The program of the stacks `topobank-prod`, `topobank-uat` and `topobank-local`. */
export const topobank = (environment: string) => {
  const config = new pulumi.Config();
  const settings = parsedConfig(topobankConfig, "topobank");

  const dumps = dumpBucket(settings, credentialsOf(config, "dumps"));
  const repository = new Repository("topobank", { s3: { bucket: dumps }, environment });
  const backups = topobankPlan(environment, settings, config, repository);
  const verified = settings.migration && migrated(backups, settings.migration, config.getSecret("identity"));
  const restore = new Restore("restore", {
    plans: [backups],
    from: settings.from.map((origin) => fromBucket(origin, credentialsOf(config, "from"))),
    identity: config.getSecret("identity"),
    request: config.getObject<RestoreRequest>("restore"),
  });

  return { record: restore.record, beforeMigration: verified?.point, publicKey: repository.publicKey };
};

/** Takes and reads back a point, and only then runs the migration; a point that is not good stops it. */
const migrated = (
  plan: BackupPlan,
  { name, run }: NonNullable<TopobankConfig["migration"]>,
  identity: pulumi.Output<string> | undefined,
): RecoveryPoint => {
  const verified = new RecoveryPoint("before-migration", { plan, trigger: name, identity });
  // The last word is the command of the words before it: so the program gets its arguments as they are, without a shell.
  const argv = { interpreter: run.slice(0, -1), create: run.slice(-1).join("") };
  const opts = { dependsOn: [verified], ignoreChanges: ["interpreter", "create", "environment"] };
  new command.local.Command("migration", { ...argv, triggers: [name], addPreviousOutputInEnv: false }, opts);
  return verified;
};

const dumpBucket = ({ dumps: { adopt, ...place } }: TopobankConfig, credentials: S3CredentialsArgs): BackupBucket =>
  new BackupBucket("dumps", adopt ? { adopt: { ...place, credentials } } : { create: { ...place, credentials } });

const topobankPlan = (
  environment: string,
  settings: TopobankConfig,
  config: pulumi.Config,
  repository: Repository,
): BackupPlan => {
  const project = settings.project ?? (environment === "local" ? "local" : "production");
  const { volume = `${project}_postgres_data`, ...connection } = settings.postgres;
  const { host, user, image, media, envs } = settings;
  return new BackupPlan("topobank", {
    target: { docker: { host, user, network: `${project}_default` } },
    runner: { image },
    sources: [
      {
        postgres: {
          ...connection,
          password: config.requireSecret("postgresPassword"),
          format: "sql",
          container: { name: `${project}_postgres_1`, volume },
        },
      },
      { objects: { name: "media", ...media, credentials: credentialsOf(config, "media"), store: { copy: {} } } },
      ...(envs === undefined ? [] : [{ files: { name: "envs", hostPath: envs, byName: true } }]),
    ],
    layout: { goS3Backup: {} },
    orphans: [{ name: "measurements", query: settings.files, of: "media" }],
    repository,
    recipients: settings.recipients,
    schedule: scheduleOf(settings),
    retention: maxBackups(settings.maxBackups),
    quiesce: quiesceOf(environment, project, settings),
    protected: settings.protected ?? environment === "prod",
  });
};

const scheduleOf = ({ schedule, timeZone }: TopobankConfig): ScheduleChoice =>
  schedule === "none" ? { none: {} } : { cron: schedule, timeZone };

/** Supervisor first: it would start again what compose's containers are told to stop. It stops PostgreSQL too, which compose then keeps running. */
const quiesceOf = (environment: string, project: string, settings: TopobankConfig): QuiesceArgs => {
  const { supervisor = environment === "local" ? "none" : SUPERVISOR, page, quietSeconds } = settings;
  return {
    units: [...(supervisor === "none" ? [] : [{ host: supervisor }]), { compose: { project, keep: ["postgres"] } }],
    probes: page === undefined ? [] : [{ http: page }],
    quietSeconds,
  };
};

const SUPERVISOR = { stop: ["supervisorctl", "stop", "topobank"], start: ["supervisorctl", "start", "topobank"] };

/** Another environment's points, in its own bucket. */
const fromBucket = (
  { dumps, ...source }: TopobankConfig["from"][number],
  credentials: S3CredentialsArgs,
): Repository => {
  const bucket = new BackupBucket(`dumps-${source.environment}`, { existing: { ...dumps, credentials } });
  return readRepository("topobank", source, { bucket });
};
