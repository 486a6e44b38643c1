import { type Journal, type RestoreJob, recreatedClaims } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { reportOf, tidy, undoParts } from "./end.ts";
import type { OpenJournal } from "./ledger.ts";
import { overwriteInPlace } from "./overwrite.ts";
import { swapOf } from "./part-of.ts";
import { recordOf } from "./record.ts";
import type { RestoreBody } from "./restore-body.ts";
import { answer, inSession, requireJournal, type Session } from "./restore-session.ts";

/** Puts the restored copy in the place of the live data: databases and files in one step of the journal. */
export const swap = (context: Context, job: RestoreJob): Promise<RestoreBody> =>
  inSession(context, job, async (session) => {
    const ready = await requireJournal(session, recreatesClaims(job) ? ["swapping"] : ["quiescing"]);
    const open = recreatesClaims(job) ? ready : await session.ledger.advance(ready, "swapping");
    try {
      return answer(await complete(session, open));
    } catch (error) {
      if (open.journal.mode === "inPlace") throw error; // the live data are half replaced: only going on helps
      return answer(await goBack(session, open, error));
    }
  });

/** Then the journal says so already, since before the volumes were deleted. */
const recreatesClaims = ({ request }: RestoreJob): boolean => recreatedClaims(request).length > 0;

/** Swaps every part that is not swapped yet. */
export const complete = async (session: Session, open: OpenJournal): Promise<OpenJournal> => {
  if (open.journal.mode === "inPlace") return session.ledger.advance(await overwriteInPlace(session, open), "swapped");
  await swapParts(session, open.journal);
  return session.ledger.advance(open, "swapped");
};

const swapParts = async ({ context, job }: Session, { parts }: Journal): Promise<void> => {
  for (const part of parts) {
    context.report.step(
      "swapping",
      `swapping: ${part.beside} becomes ${part.live}${part.existed ? `, what was there is kept as ${part.superseded}` : ""}`,
    );
    await swapOf(context, job.plan, part).swap(part);
  }
};

/** A part that cannot be swapped takes the others back with it: old or new, never mixed. */
export const goBack = async (session: Session, open: OpenJournal, error: unknown): Promise<OpenJournal> => {
  const tidying = tidy(session);
  tidying.context.report.step("undone", "the swap did not work: everything goes back to the old data");
  await undoParts(tidying, open.journal);
  const record = recordOf(open.journal, session.context.now(), reportOf(error));
  return session.ledger.advance(open, "undone", { record: { ...record, superseded: [] } });
};
