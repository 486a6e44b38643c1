// The demonstration: one database and one directory, in production and in uat. Its stacks are `demo-<environment>`.
//
//   backups:demo:                      the structure, without any secret
//     bucket: { name, endpoint, region?, adopt? }   adopt: another stack made it; default false: this one makes it
//     prefix?                          default "demo"
//     postgres: { host, port, database, user, admin? }   admin: role that creates databases; default the same role
//     directory                        the tree that is backed up
//     ledger                           where restores keep their journals
//     recipients: [age1…]
//     quiesce?: { stop?, start?, probe?, timeoutSeconds? }   lists of programs with their arguments
//     afterRestore?                    the same, run against the restored copy
//     protected?, superseded?, schedule?, retention?   as in BackupPlan
//     from?: [{ environment, publicKey } | { environment, stack }]   whose points may be restored here
//   backups:accessKeyId, backups:secretAccessKey   secrets: of the bucket
//   backups:postgresPassword, backups:adminPassword   secrets, optional
//   backups:identity                   secret, optional: an age private key, for restores
//   backups:restore                    the request; absent by default

import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { BackupBucket, BackupPlan, Repository, Restore, type RestoreRequest } from "../components/index.ts";
import { plan, quiesce, retention } from "../spec/index.ts";
import { credentialsOf } from "./bucket.ts";
import { parsedConfig } from "./config.ts";
import { otherEnvironments, readRepository } from "./other-environments.ts";

const demoConfig = z.strictObject({
  bucket: z.strictObject({
    name: z.string(),
    endpoint: z.string(),
    region: z.string().optional(),
    adopt: z.boolean().default(false),
  }),
  prefix: z.string().default("demo"),
  postgres: z.strictObject({
    host: z.string(),
    port: z.number(),
    database: z.string(),
    user: z.string(),
    admin: z.string().optional(),
  }),
  directory: z.string(),
  ledger: z.string(),
  recipients: z.array(z.string()),
  quiesce: quiesce.pick({ stop: true, start: true, probe: true, timeoutSeconds: true }).optional(),
  afterRestore: z.array(z.array(z.string()).min(1)).optional(),
  protected: z.boolean().optional(),
  superseded: plan.shape.superseded,
  schedule: z.strictObject({ cron: z.string(), timeZone: z.string() }).optional(),
  retention: retention.optional(),
  from: otherEnvironments({}),
});
type DemoConfig = z.output<typeof demoConfig>;

/** The program of the stacks `demo-prod` and `demo-uat`. */
export const demo = (environment: string) => {
  const config = new pulumi.Config();
  const settings = parsedConfig(demoConfig, "demo");

  const bucket = demoBucket(settings, config);
  const repository = new Repository("demo", { s3: { bucket, prefix: settings.prefix }, environment });
  const backups = demoPlan(settings, config, repository);
  const restore = new Restore("restore", {
    plans: [backups],
    from: settings.from.map((source) => readRepository("demo", source, { bucket, prefix: settings.prefix })),
    identity: config.getSecret("identity"),
    request: config.getObject<RestoreRequest>("restore"),
  });

  return {
    record: restore.record,
    abilities: bucket.abilities,
    publicKey: repository.publicKey,
    bucket: bucket.bucket,
  };
};

const demoBucket = ({ bucket: { name, adopt, ...store } }: DemoConfig, config: pulumi.Config): BackupBucket => {
  const place = { ...store, bucket: name, credentials: credentialsOf(config) };
  return new BackupBucket("backups", adopt ? { adopt: place } : { create: place });
};

const demoPlan = (settings: DemoConfig, config: pulumi.Config, repository: Repository): BackupPlan => {
  const { postgres, directory, ledger, recipients, afterRestore, superseded } = settings;
  const { admin, ...connection } = postgres;
  return new BackupPlan("demo", {
    target: { local: { ledger } },
    sources: [
      {
        postgres: {
          ...connection,
          password: config.getSecret("postgresPassword"),
          admin: admin === undefined ? undefined : { user: admin, password: config.getSecret("adminPassword") },
        },
      },
      { files: { directory } },
    ],
    repository,
    recipients,
    schedule: settings.schedule ?? { none: {} },
    retention: settings.retention,
    quiesce: settings.quiesce,
    hooks: { afterRestore },
    protected: settings.protected,
    superseded,
  });
};
