import type { JournalPart } from "../../spec/index.ts";
import type { Match } from "./match-sources.ts";
import type { RestorePart } from "./restore-part.ts";

/** A part with the journal's entry about it. */
export interface Prepared {
  readonly match: Match;
  readonly restorer: RestorePart;
  readonly part: JournalPart;
}
