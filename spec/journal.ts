import { z } from "zod";
import { holder } from "./holder.ts";
import { check } from "./proof.ts";
import { request } from "./request.ts";
import { restoreRecord } from "./result.ts";
import { instant, pointId, sha256, slug } from "./scalars.ts";

/**
 * The steps of a restore, in order. Whoever comes after a kill undoes everything before `swapping` and completes
 * everything from there on.
 */
export const RESTORE_STEPS = [
  "claimed",
  "checked",
  "verified",
  "restoring",
  "restored",
  "compared",
  "hooked",
  "quiescing",
  "swapping",
  "swapped",
  "resumed",
  "finished",
] as const;

/** What stands for the step of a restore of which the ledger knows nothing. */
export const NO_JOURNAL = "none";

export const restoreStep = z.enum([...RESTORE_STEPS, "undone", "rolling-back", "rolled-back"]);
export type RestoreStep = z.infer<typeof restoreStep>;

/** One thing that a restore replaces: the live name, the name of the copy beside it, and the name the live one gets. */
export const journalPart = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("postgres"),
    source: slug,
    live: z.string(),
    beside: z.string(),
    superseded: z.string(),
    /** Whether the live one existed when the restore began. */
    existed: z.boolean(),
    /** SQL that gives the live name its own properties again after a rename. */
    properties: z.array(z.string()).default([]),
    /** Which cluster of databases it was in, where that one's volume is deleted: the next one must be another. */
    server: z.string().optional(),
  }),
  z.strictObject({
    kind: z.literal("files"),
    source: slug,
    live: z.string(),
    beside: z.string(),
    superseded: z.string(),
    existed: z.boolean(),
    /**
     * Only these change places, and not the directory: whether something stood there, and whether something comes. In a
     * rollback the two are the other way round.
     */
    moves: z.array(z.strictObject({ path: z.string(), existed: z.boolean(), comes: z.boolean() })).optional(),
  }),
  /** Objects of a bucket: the names are prefixes as `s3://bucket/prefix`. */
  z.strictObject({
    kind: z.literal("objects"),
    source: slug,
    live: z.string(),
    beside: z.string(),
    superseded: z.string(),
    existed: z.boolean(),
  }),
]);
export type JournalPart = z.infer<typeof journalPart>;

/** The journal of one restore: one object in the target's ledger, rewritten at each step by a conditional write. */
export const journal = z.strictObject({
  version: z.literal(1),
  id: z.string(),
  requestDigest: sha256,
  request,
  /** `<project>/<stack>/<plan>` */
  target: z.string(),
  from: z.strictObject({ environment: slug, plan: slug, point: pointId.optional() }),
  step: restoreStep,
  steps: z.array(z.strictObject({ step: restoreStep, at: instant })),
  mode: z.enum(["replace", "inPlace", "elsewhere"]),
  parts: z.array(journalPart),
  /** While a rollback is under way: the parts as the restore had them. */
  priorParts: z.array(journalPart).optional(),
  holder,
  /** Findings so far, for the record. */
  checks: z.array(check),
  notes: z.array(z.string()),
  bytes: z.number(),
  /** What the launcher stopped, and starts again whatever happens; in words of its own. */
  quiesced: z.array(z.string()).optional(),
  /** Whether the application may still be stopped, and nobody has tried to start it since. */
  stopped: z.boolean().optional(),
  /** When the data that were replaced may go. */
  heldUntil: instant.optional(),
  /** The backup that an in-place restore took first. */
  safetyPoint: pointId.optional(),
  record: restoreRecord.optional(),
});
export type Journal = z.infer<typeof journal>;
