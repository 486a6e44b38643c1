import type { RestoreJob } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import type { RestoreBody } from "./restore-body.ts";
import { answer, inSession, requireJournal } from "./restore-session.ts";
import { announceRollback } from "./rollback.ts";

/**
 * Written before the launcher stops the application, for a swap or for a rollback: whoever comes next knows that it
 * must be started again.
 */
export const quiescing = (context: Context, job: RestoreJob): Promise<RestoreBody> =>
  inSession(context, job, async (session) => {
    const open = await requireJournal(session, ["hooked", "finished"]);
    if (open.journal.step === "finished") return answer(await announceRollback(session, open));
    return answer(await session.ledger.advance(open, "quiescing", { quiesced: job.quiesced, stopped: true }));
  });
