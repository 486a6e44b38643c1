import { z } from "zod";
import { compatibleLayout } from "./compatible-layout.ts";
import { drillCheck, scratch } from "./drill.ts";
import { grant } from "./grant.ts";
import { holder } from "./holder.ts";
import { ledgerJob } from "./ledger-job.ts";
import { objectsSource } from "./objects.ts";
import { orphanQuery } from "./orphans.ts";
import { plan } from "./plan.ts";
import { copyMistake, repository, s3Credentials, s3Endpoint } from "./repository.ts";
import { pointSelector, request } from "./request.ts";
import { retention } from "./retention.ts";
import { pointId, secretRef, sha256, slug } from "./scalars.ts";
import { schedule } from "./schedule.ts";

const version = z.literal(1);

/** One plan's part of a repository. */
const scope = { version, repository, plan: slug };

/** Takes one recovery point. */
export const backupJob = z.strictObject({
  kind: z.literal("backup"),
  version,
  plan: plan.refine(({ copyOf }) => copyOf === undefined, "copies points and takes none: run `restorable copy`"),
  /** How long it waits for another run of the plan to end. @default 0: it fails as busy */
  waitSeconds: z.number().int().min(0).max(86_400).optional(),
});
export type BackupJob = z.infer<typeof backupJob>;

/** Lists recovery points; with `point`, selects one and hands out its key in its envelope. Read-only. */
export const catalogJob = z.strictObject({
  kind: z.literal("catalog"),
  ...scope,
  point: pointSelector.optional(),
  /** Shows what an older tool stored as well. */
  layout: compatibleLayout.optional(),
  unverified: z.boolean().default(false),
});
export type CatalogJob = z.infer<typeof catalogJob>;

/** Copies the points of a plan that a second repository lacks, as they are, and checks every byte. */
export const copyJob = z
  .strictObject({
    kind: z.literal("copy"),
    version,
    plan: slug,
    /** Where points are made: only its reader's credentials are used. */
    from: repository,
    /** Where they are copied to, by its writer. */
    to: repository,
    /** Only these of its points. @default all */
    points: z.array(pointId).min(1).optional(),
    /** What the second repository keeps: points that it would let expire at once are not copied. @default all */
    retention: retention.optional(),
    /** Its time zone is the retention's calendar. */
    schedule: schedule.default({ kind: "none" }),
    leaseSeconds: z.number().int().default(90),
  })
  .superRefine(({ from, to }, context) => {
    const message = copyMistake(from, to);
    if (message !== undefined) context.addIssue({ code: "custom", message, path: ["to"] });
  });
export type CopyJob = z.infer<typeof copyJob>;

/** Reads one point back completely. Without `identity` what is encrypted stays closed, and the result says so. */
export const verifyJob = z.strictObject({
  kind: z.literal("verify"),
  ...scope,
  point: pointSelector,
  identity: secretRef.optional(),
  record: z.boolean().default(true),
  /** Of the plan: where a point names versions in a bucket, that is asked for them. */
  objects: z.array(objectsSource).optional(),
});
export type VerifyJob = z.infer<typeof verifyJob>;

/** Reads what an older tool stored to its end, and says whether it is whole and what is in it. Read-only. */
export const inspectJob = z.strictObject({
  kind: z.literal("inspect"),
  ...scope,
  /** Of an old object, relative to the repository's root. What the same run stored beside it is read as well. */
  key: z.string().min(1),
  /** The private key, where it is encrypted. */
  identity: secretRef.optional(),
});
export type InspectJob = z.infer<typeof inspectJob>;

/** Restores one point into scratch, compares it with its manifest, and measures how long that takes. */
export const drillJob = z.strictObject({
  kind: z.literal("drill"),
  ...scope,
  /** @default the one that the key opens */
  point: pointSelector.optional(),
  /** The point's own age identity. */
  identity: secretRef,
  scratch,
  checks: z.array(drillCheck).default([]),
  /** Of the plan: reported for what was restored, never a failure. */
  orphans: z.array(orphanQuery).optional(),
  /** Of the plan: where a point names versions in a bucket, that is asked for them. */
  objects: z.array(objectsSource).optional(),
  /** Recorded in the proof. */
  schedule: schedule.optional(),
  record: z.boolean().default(true),
  /** Changes one byte of one artifact on its way, and must fail for that: it shows that a drill would notice. Nothing is recorded. */
  corrupt: z.boolean().default(false),
});
export type DrillJob = z.infer<typeof drillJob>;

/** Opens one point's own key with a recipient's and leaves it in a file, for a drill that must not see the recipient's. */
export const openJob = z.strictObject({
  kind: z.literal("open"),
  ...scope,
  point: pointSelector,
  /** A private key of one of the plan's recipients. */
  identity: secretRef,
  /** The file that is written, for its owner only. */
  into: z.string().startsWith("/"),
  /** A file for a fresh random password: the one of a scratch server that lives no longer than the drill. */
  serverPassword: z.string().startsWith("/").optional(),
});
export type OpenJob = z.infer<typeof openJob>;

/** Selects what the retention no longer keeps; acts only with `confirm`. */
export const pruneJob = z.strictObject({
  kind: z.literal("prune"),
  ...scope,
  retention,
  schedule,
  confirm: z.boolean().default(false),
  leaseSeconds: z.number().int().default(90),
});
export type PruneJob = z.infer<typeof pruneJob>;

/** Looks at a plan's catalog and says whether it is healthy. Read-only. */
export const checkJob = z.strictObject({
  kind: z.literal("check"),
  ...scope,
  schedule,
  /** When drills are expected. @default as the last one says */
  drills: schedule.optional(),
  /** Of the plan: their buckets are looked at too, where points name versions in them. */
  objects: z.array(objectsSource).optional(),
});
export type CheckJob = z.infer<typeof checkJob>;

/** Writes one mark. */
export const markJob = z.strictObject({
  kind: z.literal("mark"),
  ...scope,
  mark: z.enum(["unexpire", "hold", "accept", "quarantine", "release"]),
  point: pointId,
  by: z.string().min(1),
  reason: z.string().min(1),
});
export type MarkJob = z.infer<typeof markJob>;

/** Makes a bucket be as declared, as often as it is run, and says what the store can do. */
export const bucketJob = z.strictObject({
  kind: z.literal("bucket"),
  version,
  bucket: z.string(),
  ...s3Endpoint,
  credentials: s3Credentials,
  /** `create`: must not exist or be ours already. `adopt`: must exist. */
  mode: z.enum(["create", "adopt"]),
  lock: z.strictObject({ mode: z.enum(["governance", "compliance"]), days: z.number().int().min(1) }).optional(),
  /** Days that noncurrent versions of tagged objects stay. @default 1 */
  noncurrentDays: z.number().int().min(1).default(1),
  /** Days after which an unfinished multipart upload is aborted. @default 7 */
  abortUploadsAfterDays: z.number().int().min(1).default(7),
  /** Who may do what in it: our part of the bucket's policy. Absent: nobody but its owner. */
  grants: z.array(grant).optional(),
});
export type BucketJob = z.infer<typeof bucketJob>;

/** Compares rows with files and objects by the queries of a plan. Read-only. */
export const orphansJob = z.strictObject({
  kind: z.literal("orphans"),
  version,
  plan,
  /** Names that are listed on each side; counts are complete. @default 100 */
  limit: z.number().int().min(0).max(100_000).default(100),
});
export type OrphansJob = z.infer<typeof orphansJob>;

export const RESTORE_ACTIONS = [
  "prepare",
  "quiescing",
  "emptying",
  "swap",
  "finish",
  "recover",
  "rollback",
  "open",
  "state",
  "clean",
] as const;

/** One action on the journal of one restore. The launcher calls them in order; between them it stops and starts the application. */
export const restoreJob = z.strictObject({
  kind: z.literal("restore"),
  version,
  action: z.enum(RESTORE_ACTIONS),
  /** What is restored onto. */
  plan,
  /** Where the point comes from. */
  from: z.strictObject({ repository, plan: slug }),
  request,
  requestDigest: sha256,
  /** The point's own age identity. */
  identity: secretRef.optional(),
  /** The launcher's process: a journal whose launcher lives is not taken over. */
  launcher: holder.optional(),
  /** What the launcher is about to stop and will start again, for whoever comes after a kill: with `quiescing`. */
  quiesced: z.array(z.string()).optional(),
  /** What went wrong in the launcher's part, for the record. */
  failure: z
    .strictObject({
      code: z.enum(["quiesce-failed", "probe-failed", "interrupted"]),
      fact: z.string(),
      hint: z.string(),
    })
    .optional(),
});
export type RestoreJob = z.infer<typeof restoreJob>;

export const job = z.discriminatedUnion("kind", [
  backupJob,
  catalogJob,
  verifyJob,
  inspectJob,
  drillJob,
  openJob,
  pruneJob,
  checkJob,
  markJob,
  bucketJob,
  copyJob,
  ledgerJob,
  orphansJob,
  restoreJob,
]);
/** One run of one kind: all that a runner is told. Secrets are in it by reference only. */
export type Job = z.infer<typeof job>;
export type JobKind = Job["kind"];
