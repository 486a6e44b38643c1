import type { LedgerEntry, LedgerJob, ResultOf } from "../../spec/index.ts";
import { findPoint } from "../catalog/find-point.ts";
import type { Context } from "../context.ts";
import { type OpenJournal, openLedger } from "../restore/ledger.ts";

/** The restores of a plan's target, as whoever resumes or rolls one back needs them, and the point for another one. */
export const ledger = async (
  context: Context,
  { plan, find }: LedgerJob,
): Promise<Pick<ResultOf<"ledger">, "kind" | "restores" | "selected">> => {
  const restores = (await openLedger(context, plan).all()).map(entryOf);
  return { kind: "ledger", restores, ...(find ? { selected: await findPoint(context, find) } : {}) };
};

const entryOf = ({ journal }: OpenJournal): LedgerEntry => ({
  id: journal.id,
  started: journal.steps[0]?.at ?? "",
  step: journal.step,
  request: journal.request,
  requestDigest: journal.requestDigest,
  from: journal.from,
  superseded: journal.parts.filter(({ existed }) => existed).map(({ superseded }) => superseded),
  ...(journal.heldUntil === undefined ? {} : { heldUntil: journal.heldUntil }),
  ...(journal.record === undefined ? {} : { record: journal.record }),
});
