import { JobError, NO_JOURNAL, RESTORE_STEPS, type RestoreJob } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { liveness } from "../world/holder.ts";
import { failBeforeSwap } from "./end.ts";
import { isOver, type OpenJournal } from "./ledger.ts";
import type { RestoreBody } from "./restore-body.ts";
import { answer, findJournal, inSession, type Session } from "./restore-session.ts";
import { cancelRollback, rollbackWasBegun } from "./rollback.ts";
import { complete, goBack } from "./swap.ts";

/**
 * Brings a restore to an end whose launcher or runner was killed: everything before the swap is undone, everything
 * from there on is completed, or taken back where that is impossible. The launcher starts the application afterwards.
 */
export const recover = (context: Context, job: RestoreJob): Promise<RestoreBody> =>
  inSession(context, job, async (session) => {
    const open = await findJournal(session.ledger, job);
    if (!open) return { kind: "restore", step: NO_JOURNAL };
    if (isOver(open.journal)) return answer(open);
    refuseWhileItLives(session, open);
    return answer(await bringToAnEnd(session, open));
  });

const refuseWhileItLives = ({ context, job }: Session, { journal }: OpenJournal): void => {
  const own =
    job.launcher && job.launcher.pid === journal.holder.pid && job.launcher.startTicks === journal.holder.startTicks;
  if (own || liveness(journal.holder, context.holder) !== "alive") return;
  throw new JobError(
    "busy",
    `restore '${journal.id}' still runs in process ${journal.holder.pid}, at step '${journal.step}'`,
    "wait for its end, or stop that process first",
  );
};

const bringToAnEnd = async (session: Session, open: OpenJournal): Promise<OpenJournal> => {
  const { step, id, mode } = open.journal;
  const failure = session.job.failure;
  const cause = failure
    ? new JobError(failure.code, failure.fact, failure.hint)
    : new JobError(
        "interrupted",
        `restore '${id}' was interrupted at step '${step}'`,
        "it was undone, the data from before are live; ask again under a new id",
      );
  if (step !== "rolling-back" && position(step) < position("swapping")) return failBeforeSwap(session, open, cause);
  if (step === "swapped" || step === "resumed") return open;
  if (step === "rolling-back" && !rollbackWasBegun(open.journal)) return cancelRollback(session, open);
  session.context.report.step("swapping", "completing the swap that was interrupted");
  try {
    return await complete(session, open);
  } catch (error) {
    if (mode === "inPlace" || step === "rolling-back") throw error;
    return goBack(session, open, error);
  }
};

const position = (step: string): number => RESTORE_STEPS.indexOf(step as (typeof RESTORE_STEPS)[number]);
