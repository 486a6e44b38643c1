import { NO_JOURNAL, type RestoreJob } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { openLedger } from "./ledger.ts";
import type { RestoreBody } from "./restore-body.ts";
import { answer, findJournal } from "./restore-session.ts";

/** Where a restore stands; `NO_JOURNAL` when its id is unknown here. Takes no lock, so it answers while a restore runs. */
export const state = async (context: Context, job: RestoreJob): Promise<RestoreBody> => {
  const open = await findJournal(openLedger(context, job.plan), job);
  return open ? answer(open) : { kind: "restore", step: NO_JOURNAL };
};
