import { JobError, recreatedClaims } from "../../spec/index.ts";
import { choose, matchChosen, partRequest } from "./choose.ts";
import type { OpenJournal } from "./ledger.ts";
import { partOf } from "./part-of.ts";
import type { Session } from "./restore-session.ts";

/** Restores over the live data. After a kill it starts again from the beginning: there is nothing between old and new to keep. */
export const overwriteInPlace = async (session: Session, open: OpenJournal): Promise<OpenJournal> => {
  const { context, job } = session;
  const { journal } = open;
  const chosen = await choose(session, journal.from.point);
  const checks = [...journal.checks];
  const claims = recreatedClaims(job.request);
  const notes = [
    ...journal.notes,
    ...(claims.length === 0 ? [] : [`the volume of ${claims.join(" and ")} was deleted and made anew, empty`]),
  ];
  for (const match of matchChosen(job.plan, chosen)) {
    const part = journal.parts.find(({ source }) => source === match.source.name);
    if (!part) continue;
    context.report.step("swapping", `restoring over ${part.live}`);
    const restorer = partOf(context, { ...partRequest(session, chosen, match), at: context.now() });
    const outcome = await restorer.replaceInPlace(part);
    checks.push(...outcome.checks);
    notes.push(...outcome.notes);
  }
  const wrong = checks.filter(({ ok }) => !ok);
  if (wrong.length > 0) {
    throw new JobError(
      "counts-differ",
      `what was restored is not what the manifest says: ${wrong.map(({ name, detail }) => `${name}: ${detail}`).join("; ")}`,
      `run \`restorable resume\` to try again, or restore the safety point ${journal.safetyPoint}`,
    );
  }
  return { ...open, journal: { ...journal, checks, notes } };
};
