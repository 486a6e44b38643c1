import { z } from "zod";
import { catalogPoint } from "./catalog.ts";
import { ERROR_CODES, type ErrorCode } from "./errors.ts";
import { holder } from "./holder.ts";
import { manifest } from "./manifest.ts";
import { oldObject } from "./old-object.ts";
import { orphanReport } from "./orphans.ts";
import { check, proof } from "./proof.ts";
import { request } from "./request.ts";
import { bytes, count, instant, pointId, sha256, slug } from "./scalars.ts";

export const errorReport = z.strictObject({
  code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]),
  fact: z.string(),
  hint: z.string(),
});
export type ErrorReport = z.infer<typeof errorReport>;

/** What one restore did: the audit line that Pulumi keeps. */
export const restoreRecord = z.strictObject({
  version: z.literal(1),
  id: z.string(),
  ok: z.boolean(),
  request,
  target: z.string(),
  from: z.strictObject({ environment: slug, plan: slug, point: pointId.optional() }),
  started: instant,
  finished: instant,
  /** From the claim to the end. */
  seconds: z.number(),
  /** From the quiesce to the resume; 0 where nothing was stopped. */
  downtimeSeconds: z.number(),
  bytes: z.number(),
  checks: z.array(check),
  /** Names under which the replaced data are kept. */
  superseded: z.array(z.string()),
  /** What was neutralised, created or left out. */
  notes: z.array(z.string()),
  error: errorReport.optional(),
});
export type RestoreRecord = z.infer<typeof restoreRecord>;

export const ability = z.strictObject({
  name: z.string(),
  ok: z.boolean(),
  /** What takes its place where the store lacks it. */
  instead: z.string().optional(),
});
export type Ability = z.infer<typeof ability>;

export const pruneDecision = z.strictObject({ point: pointId, keep: z.boolean(), reasons: z.array(z.string()) });
export type PruneDecision = z.infer<typeof pruneDecision>;

const common = { version: z.literal(1), ok: z.literal(true), started: instant, finished: instant };

export const backupResult = z.strictObject({
  ...common,
  kind: z.literal("backup"),
  manifest,
  removedLeftovers: z.number().int(),
  warnings: z.array(z.string()),
});
/** A point and what is the case with it. */
export const pointFact = z.strictObject({ point: pointId, fact: z.string() });
export type PointFact = z.infer<typeof pointFact>;

export const copyResult = z.strictObject({
  ...common,
  kind: z.literal("copy"),
  /** Nothing is in `problems`. */
  healthy: z.boolean(),
  /** Oldest first. */
  copied: z.array(pointId),
  /** Points of the first repository that the second one had already. */
  present: count,
  /** What was not copied on purpose, and why. */
  left: z.array(pointFact),
  /** What could not be copied, and copies that the first repository contradicts. */
  problems: z.array(pointFact),
  /** Read, compared and written. */
  bytes,
});
/** A point and its own key in its envelope (base64). */
export const selected = z.strictObject({ point: catalogPoint, identity: z.string() });
export type Selected = z.infer<typeof selected>;
export const catalogResult = z.strictObject({
  ...common,
  kind: z.literal("catalog"),
  points: z.array(catalogPoint),
  /** Manifests that could not be read, by key. */
  unreadable: z.array(z.strictObject({ key: z.string(), reason: z.string() })),
  /** What an older tool stored, oldest first, where the job names its layout. */
  old: z.array(oldObject).optional(),
  /** Where a point was asked for. */
  selected: selected.optional(),
});
export const verifyResult = z.strictObject({
  ...common,
  kind: z.literal("verify"),
  point: pointId,
  proof,
  proofKey: z.string().optional(),
});
/** One check for each old object that was read. */
export const inspectResult = z.strictObject({
  ...common,
  kind: z.literal("inspect"),
  /** All of them are whole. */
  healthy: z.boolean(),
  checks: z.array(check),
  /** As they are stored. */
  bytes,
});
export const drillResult = z.strictObject({
  ...common,
  kind: z.literal("drill"),
  point: pointId,
  proof,
  proofKey: z.string().optional(),
  /** What was neutralised, created or left out, and what was not compared. */
  notes: z.array(z.string()),
  /** The first thing that was wrong; its code is the exit code of the runner. */
  error: errorReport.optional(),
});
export const openResult = z.strictObject({ ...common, kind: z.literal("open"), point: pointId });
export const pruneResult = z.strictObject({
  ...common,
  kind: z.literal("prune"),
  /** Why nothing is selected, with how to end it. */
  frozen: z.array(z.string()),
  decisions: z.array(pruneDecision),
  acted: z.boolean(),
  /** Snapshots that were forgotten: of points that expire, and of killed runs. */
  forgotten: z.number().int().min(0).optional(),
  /** `tagged`: the bucket's lifecycle expires them. `deleted`: this job did. */
  how: z.enum(["dry-run", "tagged", "deleted"]),
});
export const checkResult = z.strictObject({
  ...common,
  kind: z.literal("check"),
  healthy: z.boolean(),
  checks: z.array(check),
  newest: pointId.optional(),
  /** Seconds since the newest good point was begun. */
  ageSeconds: z.number().optional(),
});
export const markResult = z.strictObject({ ...common, kind: z.literal("mark"), key: z.string() });
export const bucketResult = z.strictObject({
  ...common,
  kind: z.literal("bucket"),
  bucket: z.string(),
  created: z.boolean(),
  abilities: z.array(ability),
});
/** One restore as the ledger has it: enough to bring it to an end, or back. */
export const ledgerEntry = z.strictObject({
  id: z.string(),
  started: instant,
  step: z.string(),
  request,
  requestDigest: sha256,
  from: z.strictObject({ environment: slug, plan: slug, point: pointId.optional() }),
  /** Names under which the replaced data are kept. */
  superseded: z.array(z.string()),
  heldUntil: instant.optional(),
  record: restoreRecord.optional(),
});
export type LedgerEntry = z.infer<typeof ledgerEntry>;
export const ledgerResult = z.strictObject({
  ...common,
  kind: z.literal("ledger"),
  /** Oldest first. */
  restores: z.array(ledgerEntry),
  /** The point that was to be found. */
  selected: selected.optional(),
});
export const orphansResult = z.strictObject({
  ...common,
  kind: z.literal("orphans"),
  /** Nothing is missing and nothing is extra. */
  healthy: z.boolean(),
  reports: z.array(orphanReport),
});
export const restoreResult = z.strictObject({
  ...common,
  kind: z.literal("restore"),
  /** Where the journal stands now. */
  step: z.string(),
  /** The point that the restore pinned, once it is claimed. */
  point: pointId.optional(),
  /** What the launcher stopped, as the journal has it. */
  quiesced: z.array(z.string()).optional(),
  /** Present where the application may still be stopped: whoever comes next starts it. */
  stopped: z.literal(true).optional(),
  /** The process whose restore it is: its launcher, or the runner itself. */
  holder: holder.optional(),
  /** Present once the restore has ended. */
  record: restoreRecord.optional(),
  /** With `open`, where nobody has begun the restore and its point is not an older tool's object. */
  selected: selected.optional(),
});
export const failure = z.strictObject({
  version: z.literal(1),
  ok: z.literal(false),
  kind: z.string(),
  started: instant,
  finished: instant,
  error: errorReport,
});
export type Failure = z.infer<typeof failure>;

export const success = z.discriminatedUnion("kind", [
  backupResult,
  catalogResult,
  verifyResult,
  inspectResult,
  drillResult,
  openResult,
  pruneResult,
  checkResult,
  markResult,
  bucketResult,
  copyResult,
  ledgerResult,
  orphansResult,
  restoreResult,
]);
export type Success = z.infer<typeof success>;

/** The one JSON line that a runner prints on stdout. */
export const result = z.union([success, failure]);
export type Result = z.infer<typeof result>;
export type ResultOf<K extends Success["kind"]> = Extract<Success, { kind: K }>;
