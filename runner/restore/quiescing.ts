import type { RestoreJob } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import type { RestoreBody } from "./restore-body.ts";
import { answer, inSession, requireJournal } from "./restore-session.ts";

/** Written before the launcher stops the application: whoever comes next knows that it must be started again. */
export const quiescing = (context: Context, job: RestoreJob): Promise<RestoreBody> =>
  inSession(context, job, async (session) =>
    answer(await session.ledger.advance(await requireJournal(session, ["hooked"]), "quiescing")),
  );
