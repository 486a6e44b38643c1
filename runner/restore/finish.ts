import type { RestoreJob } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { finishRecord } from "./end.ts";
import { recordOf } from "./record.ts";
import type { RestoreBody } from "./restore-body.ts";
import { answer, inSession, requireJournal } from "./restore-session.ts";

/** Ends a restore after the application was started again; `failure` says that it did not come up. */
export const finish = (context: Context, job: RestoreJob): Promise<RestoreBody> =>
  inSession(context, job, async (session) => {
    const open = await requireJournal(session, ["swapped", "resumed", "finished", "undone", "rolled-back"]);
    if (open.journal.step === "undone" || open.journal.step === "finished" || open.journal.step === "rolled-back")
      return answer(open);
    const resumed = await session.ledger.advance(open, "resumed");
    if (open.journal.steps.some(({ step }) => step === "rolling-back")) {
      const record = recordOf(resumed.journal, context.now(), job.failure);
      return answer(
        await session.ledger.advance(resumed, "rolled-back", {
          record: {
            ...record,
            notes: [...record.notes, "rolled back: the data from before the restore are live again"],
          },
        }),
      );
    }
    return answer(await finishRecord(session, resumed, job.failure));
  });
