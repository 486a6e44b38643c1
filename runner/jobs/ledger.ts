import type { LedgerEntry, LedgerJob, ResultOf } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { type OpenJournal, openLedger } from "../restore/ledger.ts";

/** The restores of a plan's target, oldest first, as whoever resumes or rolls one back needs them. */
export const ledger = async (
  context: Context,
  { plan }: LedgerJob,
): Promise<Pick<ResultOf<"ledger">, "kind" | "restores">> => {
  const journals = await openLedger(context, plan).all();
  return { kind: "ledger", restores: journals.map(entryOf) };
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
