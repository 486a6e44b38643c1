import { JobError } from "../../spec/index.ts";
import { readCatalog } from "../catalog/read-catalog.ts";
import { selectPoint } from "../catalog/select-point.ts";
import { openPlanStore } from "../jobs/plan-store.ts";
import type { OpenJournal } from "./ledger.ts";
import { matchSources } from "./match-sources.ts";
import { partOf } from "./part-of.ts";
import { artifactSource, isForeign, type Session } from "./restore-session.ts";

/** Restores over the live data. After a kill it starts again from the beginning: there is nothing between old and new to keep. */
export const overwriteInPlace = async (session: Session, open: OpenJournal): Promise<OpenJournal> => {
  const { context, job } = session;
  const { journal } = open;
  if (journal.from.point === undefined) throw new Error("an in-place restore without a point");
  const store = openPlanStore(context, job.from.repository, job.from.plan, "reader");
  const { points } = await readCatalog(context, store, job.from.repository, job.from.plan);
  const { point } = selectPoint(points, journal.from.point, { unverified: journal.request.unverified ?? false });
  const checks = [...journal.checks];
  const notes = [...journal.notes];
  for (const match of matchSources(job.plan, point.manifest, journal.request)) {
    const part = journal.parts.find(({ source }) => source === match.source.name);
    if (!part) continue;
    context.report.step("swapping", `restoring over ${part.live}`);
    const restorer = partOf(context, {
      plan: job.plan,
      ...match,
      request: journal.request,
      artifacts: artifactSource(session),
      foreign: isForeign(job),
      at: context.now(),
    });
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
