import { JobError, type Journal, type RestoreJob } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import type { OpenJournal } from "./ledger.ts";
import { swapOf } from "./part-of.ts";
import type { RestoreBody } from "./restore-body.ts";
import { answer, inSession, requireJournal, type Session } from "./restore-session.ts";

/** Removes what one restore superseded, when it may go. */
export const clean = (context: Context, job: RestoreJob): Promise<RestoreBody> =>
  inSession(context, job, async (session) => {
    const open = await requireJournal(session, ["finished", "rolled-back"]);
    const { heldUntil } = open.journal;
    if (heldUntil !== undefined && Date.parse(heldUntil) > context.now().getTime()) {
      throw new JobError(
        "cannot-swap",
        `what restore '${job.request.id}' superseded is held until ${heldUntil}`,
        "it can be swapped back until then; remove it afterwards",
      );
    }
    await dropParts(session, open.journal);
    return answer(open);
  });

/** Keeps the superseded data of the newest restores, as many as the plan says, and removes older ones that nothing holds. */
export const dropSuperseded = async (session: Session): Promise<void> => {
  const { context, job, ledger } = session;
  const keep = job.plan.superseded && "keep" in job.plan.superseded ? job.plan.superseded.keep : 1;
  const replaced = (await ledger.all())
    .filter(
      ({ journal }) => (journal.step === "finished" || journal.step === "rolled-back") && journal.mode === "replace",
    )
    .reverse();
  // What one file superseded must not push out what a whole restore did.
  const kinds = [replaced.filter(isPicked), replaced.filter((open) => !isPicked(open))];
  for (const { journal } of kinds.flatMap((each) => each.slice(keep))) {
    if (journal.heldUntil !== undefined && Date.parse(journal.heldUntil) > context.now().getTime()) continue;
    await dropParts(session, journal);
  }
};

const isPicked = ({ journal }: OpenJournal): boolean => journal.request.only !== undefined;

const dropParts = async ({ context, job }: Session, journal: Journal): Promise<void> => {
  for (const part of journal.parts) {
    if (part.existed) await swapOf(context, job.plan, part).drop(part);
  }
};
