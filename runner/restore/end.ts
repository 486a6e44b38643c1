import { type ErrorReport, JobError, type Journal } from "../../spec/index.ts";
import { withSignal } from "../context.ts";
import { dropSuperseded } from "./clean.ts";
import type { OpenJournal } from "./ledger.ts";
import { swapOf } from "./part-of.ts";
import { recordOf } from "./record.ts";
import type { Session } from "./restore-session.ts";

/** An error as records carry it. */
export const reportOf = (error: unknown): ErrorReport => {
  if (error instanceof JobError) return { code: error.code, fact: error.fact, hint: error.hint };
  return {
    code: "bug",
    fact: error instanceof Error ? (error.stack ?? error.message) : String(error),
    hint: "this is a defect of restorable: please report it with this text",
  };
};

/** Ends a restore that went well, and lets go of superseded data that the plan no longer holds. */
export const finishRecord = async (session: Session, open: OpenJournal, error?: ErrorReport): Promise<OpenJournal> => {
  for (const part of open.journal.parts)
    await swapOf(session.context, session.job.plan, part).settle(part, open.journal.mode);
  const record = recordOf(open.journal, session.context.now(), error);
  const finished = await session.ledger.advance(open, "finished", { record });
  if (record.ok) await dropSuperseded(session);
  return finished;
};

/** Ends a restore that failed while the live data were still untouched: the copy beside goes, the record says why. */
export const failBeforeSwap = async (session: Session, open: OpenJournal, error: unknown): Promise<OpenJournal> => {
  const tidying = tidy(session);
  tidying.context.report.step("undone", "undoing: removing the copy beside; the live data were not touched");
  await undoParts(tidying, open.journal);
  const current = (await session.ledger.read(open.journal.id)) ?? open;
  const record = recordOf(current.journal, session.context.now(), reportOf(error));
  return session.ledger.advance(current, "undone", { record });
};

/** Before the journal says `swapping` no name has changed, so there is nothing to take back. */
const wasBegun = ({ mode, steps }: Journal): boolean =>
  mode === "replace" && steps.some(({ step }) => step === "swapping");

/** Undoes every part, the last one first. */
export const undoParts = async ({ context, job }: Session, journal: Journal): Promise<void> => {
  for (const part of [...journal.parts].reverse()) {
    const swap = swapOf(context, job.plan, part);
    if (wasBegun(journal)) await swap.undo(part);
    if (journal.mode !== "inPlace") await swap.discard(part);
  }
};

/** The same session without its signal: tidying up must end although the job was told to stop. */
export const tidy = (session: Session): Session => ({
  ...session,
  context: withSignal(session.context, new AbortController().signal),
});
