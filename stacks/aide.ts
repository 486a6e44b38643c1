// AIDE on one Docker host: the application, PostgreSQL and the workers in one container, images in a volume. Its stacks
// are `aide-prod` and `aide-uat`; docs/systems/aide.md says how to live with them.
//
//   backups:aide:                      the structure, without any secret
//     runner                           the runner's image, as the host has it or can pull it
//     recipients: [age1…, age1…]       who can decrypt every point: yours, and one that is kept elsewhere
//     bucket: { create | adopt | existing: { bucket, endpoint, region? } }   create: this stack makes it
//     lock?: { mode: governance | compliance, days }   nobody deletes a version for so long; default no lock
//     prefix?                          default "aide"
//     host?                            as DOCKER_HOST has it; default unix:///var/run/docker.sock
//     container?                       default docker_aide_app_1
//     volumes?: { images?, database?, mapserv? }   default aide_images and aide_db_data; mapserv is saved where it is named
//     postgres?: { port?, database?, user?, admin? }   default 17685, ailabeltooldb, ailabeluser; admin: restorable
//     page?                            answers when AIDE works; default http://localhost:8080/
//     timeoutSeconds?                  for each stop and start, and for the page to answer; default 120
//     celery?: { stop?, start?, stopped? }   programs inside the container; default those of AIDE's own scripts
//     schedule?                        { cron, timeZone, jitterSeconds? }; default: only when somebody asks
//     retention?, superseded?          as in BackupPlan; what a restore replaced stays for 28 days in prod
//     layout?: { host? }               names as the operators' own, <host>-ailabeltooldb-<time>.dump, not encrypted
//     projects?: [{ name, directory }] projects of which each point also holds the images alone
//     from?: [{ environment, publicKey } | { environment, stack }]   whose points may be restored here
//   backups:accessKeyId, backups:secretAccessKey   secrets: of the bucket
//   backups:postgresPassword           secret: of the application's role
//   backups:adminPassword              secret: of a superuser that logs in by password, for restores
//   backups:identity                   secret, optional: an age private key, for restores
//   backups:restore                    the request; absent by default

import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import {
  BackupPlan,
  type QuiesceArgs,
  Repository,
  Restore,
  type RestoreRequest,
  type SourceArgs,
  type TargetChoice,
} from "../components/index.ts";
import { plan, retention, slug } from "../spec/index.ts";
import { bucketConfig, credentialsOf, declaredBucket, lockConfig } from "./bucket.ts";
import { parsedConfig } from "./config.ts";
import { guards } from "./guards.ts";
import { otherEnvironments, readRepository } from "./other-environments.ts";
import { scheduleConfig } from "./schedule.ts";

/** What AIDE's own scripts set for celery, and the program itself. */
const CELERY = [
  "env",
  "PYTHONPATH=/home/aide/app",
  "AIDE_CONFIG_PATH=/home/aide/app/docker/settings.ini",
  "AIDE_MODULES=LabelUI,AIController,AIWorker,FileServer",
  "/opt/conda/bin/celery",
  "-A",
  "celery_worker",
];

const program = z.array(z.string()).min(1);

const aideConfig = z.strictObject({
  runner: z.string(),
  recipients: z.array(z.string()),
  bucket: bucketConfig,
  lock: lockConfig,
  prefix: z.string().default("aide"),
  host: z.string().optional(),
  container: z.string().default("docker_aide_app_1"),
  volumes: z
    .strictObject({
      images: z.string().default("aide_images"),
      database: z.string().default("aide_db_data"),
      mapserv: z.string().optional(),
    })
    .prefault({}),
  postgres: z
    .strictObject({
      port: z.number().default(17685),
      database: z.string().default("ailabeltooldb"),
      user: z.string().default("ailabeluser"),
      admin: z.string().default("restorable"),
    })
    .prefault({}),
  page: z.string().default("http://localhost:8080/"),
  timeoutSeconds: z.number().positive().optional(),
  celery: z
    .strictObject({
      stop: program.default([...CELERY, "control", "shutdown"]),
      start: program.default([...CELERY, "worker", "--detach"]),
      stopped: program.default(["sh", "-c", "! pgrep celery"]),
    })
    .prefault({}),
  schedule: scheduleConfig,
  retention: retention.default({ keepDaily: 14, keepWeekly: 8, keepMonthly: 12, minimum: 3 }),
  superseded: plan.shape.superseded,
  layout: z.strictObject({ host: z.string().optional() }).optional(),
  projects: z.array(z.strictObject({ name: slug, directory: z.string() })).default([]),
  from: otherEnvironments({}),
});
type AideConfig = z.output<typeof aideConfig>;

/** The program of the stacks `aide-prod` and `aide-uat`. */
export const aide = (environment: string) => {
  const config = new pulumi.Config();
  const settings = parsedConfig(aideConfig, "aide");

  const bucket = declaredBucket("backups", settings.bucket, credentialsOf(config), settings.lock);
  const repository = new Repository("aide", { s3: { bucket, prefix: settings.prefix }, environment });
  const backups = new BackupPlan("aide", {
    target: target(settings),
    runner: { image: settings.runner },
    sources: [database(settings, config), ...volumes(settings)],
    layout: settings.layout && { aide: settings.layout },
    repository,
    recipients: settings.recipients,
    schedule: settings.schedule ?? { none: {} },
    retention: settings.retention,
    quiesce: quiesceCelery(settings),
    ...guards(environment, settings.superseded),
  });
  const restore = new Restore("restore", {
    plans: [backups],
    from: settings.from.map((source) => readRepository("aide", source, { bucket, prefix: settings.prefix })),
    identity: config.getSecret("identity"),
    request: config.getObject<RestoreRequest>("restore"),
  });

  return { record: restore.record, publicKey: repository.publicKey, bucket: bucket.bucket };
};

/** PostgreSQL listens only on the container's own localhost, so jobs share its network. */
const target = ({ host, container }: AideConfig): TargetChoice => ({ docker: { host, networkOf: container } });

const database = ({ postgres, container, volumes }: AideConfig, config: pulumi.Config): SourceArgs => {
  const { admin, ...connection } = postgres;
  return {
    postgres: {
      host: "localhost",
      ...connection,
      password: config.requireSecret("postgresPassword"),
      admin: { user: admin, password: config.requireSecret("adminPassword") },
      container: { name: container, volume: volumes.database },
    },
  };
};

/** A project by itself replaces what is there only if a request names it; all images come back without it. */
const volumes = ({ volumes: { images, mapserv }, projects }: AideConfig): SourceArgs[] => [
  { files: { name: "aide_images", volume: images } },
  ...(mapserv === undefined ? [] : [{ files: { name: "mapserv", volume: mapserv, allowEmpty: true } }]),
  ...projects.map(({ name, directory }) => ({
    files: { name, volume: images, subdirectory: directory, byName: true },
  })),
];

/** Only the workers: the end of gunicorn would end the container. It connects again by itself. */
const quiesceCelery = ({ container, celery, page, timeoutSeconds }: AideConfig): QuiesceArgs => ({
  units: [{ exec: { container, ...celery } }],
  probes: [{ http: page }],
  timeoutSeconds,
});
