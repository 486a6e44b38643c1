import { JobError, type Journal, type JournalPart, type RestoreJob } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import type { Move } from "../files/moves.ts";
import { supersededDirectory, swapForm } from "../files/names.ts";
import { supersededName as supersededPrefixOf } from "../objects/names.ts";
import { supersededName } from "../postgres/names.ts";
import type { OpenJournal } from "./ledger.ts";
import type { RestoreBody } from "./restore-body.ts";
import { answer, inSession, requireJournal, type Session } from "./restore-session.ts";
import { complete } from "./swap.ts";

/**
 * Gives the live names back to what a restore superseded. The restored data are kept in their turn, so a rollback can
 * itself be followed by another restore, and nothing is lost. The launcher has stopped the application before.
 */
export const rollback = (context: Context, job: RestoreJob): Promise<RestoreBody> =>
  inSession(context, job, async (session) => {
    const open = await requireJournal(session, ["finished", "rolling-back"]);
    const announced = open.journal.step === "finished" ? await announceRollback(session, open) : open;
    return answer(await complete(session, await session.ledger.advance(announced, "rolling-back")));
  });

/** Written before the application is stopped. A second `rolling-back` in the journal says that the swap was begun. */
export const announceRollback = ({ context, ledger, job }: Session, open: OpenJournal): Promise<OpenJournal> => {
  const { journal } = open;
  const replaced = journal.parts.filter(({ existed }) => existed);
  if (journal.mode !== "replace" || replaced.length === 0) {
    const hint = journal.safetyPoint
      ? `restore the safety point ${journal.safetyPoint} instead`
      : "restore an earlier point instead";
    throw new JobError("cannot-swap", `restore '${journal.id}' superseded nothing that could come back`, hint);
  }
  const at = context.now();
  return ledger.advance(open, "rolling-back", {
    parts: replaced.map((part) => reversed(part, at)),
    priorParts: journal.parts,
    quiesced: job.quiesced,
    stopped: true,
  });
};

export const rollbackWasBegun = ({ steps }: Journal): boolean =>
  steps.filter(({ step }) => step === "rolling-back").length > 1;

/** A rollback of which nothing was done yet is forgotten: the restore is finished, as it was. */
export const cancelRollback = async ({ ledger }: Session, open: OpenJournal): Promise<OpenJournal> => {
  const { priorParts, ...journal } = open.journal;
  const steps = journal.steps.filter(({ step }) => step !== "rolling-back");
  return ledger.advance({ ...open, journal: { ...journal, steps } }, "finished", {
    parts: priorParts ?? journal.parts,
  });
};

const reversed = (part: JournalPart, at: Date): JournalPart => {
  const beside = part.superseded;
  switch (part.kind) {
    case "postgres":
      return { ...part, beside, superseded: supersededName(part.live, at) };
    case "files":
      return {
        ...part,
        beside,
        superseded: supersededDirectory(part.live, at, swapForm(part)),
        ...(part.moves ? { moves: part.moves.map(reversedMove) } : {}),
      };
    case "objects":
      return { ...part, beside, superseded: supersededPrefixOf(part.live, at) };
  }
};

const reversedMove = ({ path, existed, comes }: Move): Move => ({ path, existed: comes, comes: existed });
