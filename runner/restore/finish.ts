import { JobError, type RestoreJob } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { orphanNote, orphanReports } from "../orphans/report.ts";
import { finishRecord } from "./end.ts";
import { isOver, type OpenJournal } from "./ledger.ts";
import { recordOf } from "./record.ts";
import type { RestoreBody } from "./restore-body.ts";
import { answer, inSession, requireJournal, type Session } from "./restore-session.ts";

/** Ends a restore after the application was started again; `failure` says that it did not come up. */
export const finish = (context: Context, job: RestoreJob): Promise<RestoreBody> =>
  inSession(context, job, async (session) => {
    const open = await requireJournal(session, ["swapped", "resumed", "finished", "undone", "rolled-back"]);
    if (isOver(open.journal)) return answer(await wasStarted(session, open));
    const resumed = await session.ledger.advance(open, "resumed", { stopped: false });
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
    return answer(await finishRecord(session, await withOrphans(session, resumed), job.failure));
  });

/** A restore that was undone had its record before the application was started: now nobody has to start it any more. */
const wasStarted = async ({ ledger }: Session, open: OpenJournal): Promise<OpenJournal> =>
  open.journal.stopped ? ledger.advance(open, open.journal.step, { stopped: false }) : open;

/** Names of orphans that a record keeps. */
const NAMED = 10;

/** Rows and objects of one point may differ by what was written meanwhile: a report, which never fails the restore. */
const withOrphans = async ({ context, job }: Session, open: OpenJournal): Promise<OpenJournal> => {
  const restored = open.journal.parts.map(({ source }) => source);
  try {
    const reports = await orphanReports(context, job.plan, NAMED, restored);
    return { ...open, journal: { ...open.journal, notes: [...open.journal.notes, ...reports.map(orphanNote)] } };
  } catch (error) {
    if (!(error instanceof JobError)) throw error;
    return {
      ...open,
      journal: { ...open.journal, notes: [...open.journal.notes, `orphans were not looked for: ${error.fact}`] },
    };
  }
};
