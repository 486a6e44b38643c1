import { JobError, type JournalPart, type RestoreJob } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { supersededDirectory, swapForm } from "../files/names.ts";
import { supersededName } from "../postgres/names.ts";
import type { RestoreBody } from "./restore-body.ts";
import { answer, inSession, requireJournal } from "./restore-session.ts";
import { complete } from "./swap.ts";

/**
 * Gives the live names back to what a restore superseded. The restored data are kept in their turn, so a rollback can
 * itself be followed by another restore, and nothing is lost. The launcher has stopped the application before.
 */
export const rollback = (context: Context, job: RestoreJob): Promise<RestoreBody> =>
  inSession(context, job, async (session) => {
    const open = await requireJournal(session, ["finished", "rolling-back"]);
    const { journal } = open;
    if (journal.mode !== "replace" || !journal.parts.some(({ existed }) => existed)) {
      throw new JobError(
        "cannot-swap",
        `restore '${journal.id}' superseded nothing that could come back`,
        journal.safetyPoint
          ? `restore the safety point ${journal.safetyPoint} instead`
          : "restore an earlier point instead",
      );
    }
    if (journal.step === "rolling-back") return answer(await complete(session, open));
    const at = context.now();
    const parts = journal.parts.filter(({ existed }) => existed).map((part) => reversed(part, at));
    return answer(await complete(session, await session.ledger.advance(open, "rolling-back", { parts })));
  });

const reversed = (part: JournalPart, at: Date): JournalPart =>
  part.kind === "postgres"
    ? { ...part, beside: part.superseded, superseded: supersededName(part.live, at) }
    : { ...part, beside: part.superseded, superseded: supersededDirectory(part.live, at, swapForm(part)) };
