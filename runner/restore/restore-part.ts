import type { Check, Entry, Journal, JournalPart, Plan, Request, Source } from "../../spec/index.ts";
import type { ArtifactSource } from "../artifact/load-artifact.ts";

/** What a part knows before anything is touched. */
export interface PartRequest<S extends Source = Source, E extends Entry = Entry> {
  readonly plan: Plan;
  readonly source: S;
  readonly entry: E;
  readonly request: Request;
  readonly artifacts: ArtifactSource;
  /** An older tool's object, without a manifest: roles are all that it says of its needs, and counts are only recorded. */
  readonly old?: { readonly roles: ReadonlySet<string> };
  /** From another environment: what could act on the outside is neutralised. */
  readonly foreign: boolean;
  /** When the restore was asked for; names of superseded data carry it. */
  readonly at: Date;
}

/** What a part found or did, for the journal. */
export interface Outcome {
  readonly checks: readonly Check[];
  readonly notes: readonly string[];
}

/**
 * One kind of source as a restore sees it. A new kind of source implements these and is added in `part-of.ts`.
 * Everything from `swap` on may be called again after a kill, and then completes what was begun.
 */
export interface RestorePart<P extends JournalPart = JournalPart> {
  /** Looks at the target and refuses what cannot work; touches nothing. */
  readonly inspect: () => Promise<{ readonly part: P; readonly notes: readonly string[] }>;
  /** Restores beside the live data and compares with the manifest. */
  readonly load: (part: P) => Promise<Outcome>;
  /** Variables with which a hook reaches the restored copy. */
  readonly hookEnvironment: (part: P) => Record<string, string>;
  /** Restores over the live data. */
  readonly replaceInPlace: (part: P) => Promise<Outcome>;
}

/** What needs no manifest: the half of a part that recovery and rollback use. */
export interface PartSwap<P extends JournalPart = JournalPart> {
  readonly swap: (part: P) => Promise<void>;
  /** Gives the live name back to what had it, where the swap has happened; lets connections in again. */
  readonly undo: (part: P) => Promise<void>;
  /** Removes the copy beside. */
  readonly discard: (part: P) => Promise<void>;
  /** The last act of a restore that went well: whatever marked the copy as unfinished goes. */
  readonly settle: (part: P, mode: Journal["mode"]) => Promise<void>;
  /** Removes what was superseded. */
  readonly drop: (part: P) => Promise<void>;
}
