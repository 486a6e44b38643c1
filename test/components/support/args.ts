import * as pulumi from "@pulumi/pulumi";
import { BackupBucket, type BackupPlanArgs, Repository } from "../../../components/index.ts";

export const RECIPIENTS = [`age1${"q".repeat(58)}`, `age1${"p".repeat(58)}`];
export const PUBLIC_KEY = `${"B".repeat(43)}=`;
export const CREDENTIALS = { accessKeyId: "AKIA-of-tests", secretAccessKey: "secret-of-tests" };
export const ENDPOINT = { endpoint: "https://s3.example.org:9000" };

export const aBucket = (name = "backups") =>
  new BackupBucket(name, { create: { ...ENDPOINT, credentials: CREDENTIALS } });

export const aRepository = (name = "montagu") => new Repository(name, { directory: "/backups", environment: "uat" });

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
