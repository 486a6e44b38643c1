import { JobError, type RestoreJob, recreatedClaims } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import type { RestoreBody } from "./restore-body.ts";
import { answer, inSession, requireJournal } from "./restore-session.ts";

/**
 * Written before the launcher deletes the volumes of databases: from here on only going forward helps, so whoever comes
 * next makes them again and restores into them.
 */
export const emptying = (context: Context, job: RestoreJob): Promise<RestoreBody> =>
  inSession(context, job, async (session) => {
    const open = await requireJournal(session, ["quiescing"]);
    if (recreatedClaims(open.journal.request).length === 0 || open.journal.safetyPoint === undefined) {
      throw new JobError(
        "restore-failed",
        `restore '${open.journal.id}' has no volume to delete, or no safety backup`,
        "use launcher and runner of one version; nothing was touched",
      );
    }
    return answer(await session.ledger.advance(open, "swapping"));
  });
