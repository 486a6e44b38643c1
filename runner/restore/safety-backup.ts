import { type Entry, JobError } from "../../spec/index.ts";
import type { OpenedSource } from "../artifact/load-artifact.ts";
import { backup } from "../jobs/backup.ts";
import { openPlanStore, openRootStore } from "../jobs/plan-store.ts";
import { isSnapshotEntry } from "../restic/open-snapshot.ts";
import { openRestic } from "../restic/restic-repository.ts";
import { readSnapshot, verifySnapshot } from "../restic/verify-snapshot.ts";
import { verifyArtifact } from "../verify/verify-artifact.ts";
import { verifyCopies } from "../verify/verify-copies.ts";
import type { OpenJournal } from "./ledger.ts";
import type { Prepared } from "./prepared.ts";
import { artifactSource, type Session } from "./restore-session.ts";

/**
 * Before live data are overwritten: every artifact is read to its end with the point's key, and what is live now is
 * backed up and read back. Only then may the application be stopped.
 */
export const prepareInPlace = async (
  session: Session,
  open: OpenJournal,
  prepared: readonly Prepared[],
  point: string,
): Promise<OpenJournal> => {
  const { context, job, ledger } = session;
  for (const { match } of prepared) {
    for (const artifact of match.entry.artifacts) {
      context.report.step("verified", `reading ${artifact.key} of ${point} to its end`);
      await verifyArtifact(context, artifactSource(session), match.entry, artifact);
    }
    if (match.entry.kind === "objects") await verifyCopies(context, artifactSource(session).store, match.entry);
    if (match.entry.kind !== "files" || !isSnapshotEntry(match.entry)) continue;
    context.report.step("verified", `reading the snapshot of '${match.source.name}' in ${point} to its end`);
    await verifySnapshot(context, artifactSource(session) as OpenedSource, match.entry);
  }
  const verified = await ledger.advance(open, "verified");
  context.report.step("verified", "backing up what is live now, because this restore overwrites it");
  const { manifest } = await backup(context, { kind: "backup", version: 1, plan: job.plan });
  await readBack(session, manifest.sources);
  const note = `what was live before is recovery point ${manifest.id} of ${manifest.environment}/${manifest.plan}`;
  return ledger.advance(verified, "compared", { safetyPoint: manifest.id, notes: [...verified.journal.notes, note] });
};

/** Its digest, from the store, by the reader: the key of the safety point belongs to the operator and is not here. */
const readBack = async ({ context, job: { plan } }: Session, entries: readonly Entry[]): Promise<void> => {
  const store = openPlanStore(context, plan.repository, plan.name, "writer");
  const root = openRootStore(context, plan.repository, "writer");
  const { filesPassword } = plan.repository;
  for (const entry of entries) {
    if (entry.kind !== "files" || !isSnapshotEntry(entry) || !filesPassword) continue;
    await readSnapshot(context, store, await openRestic(store, context.secret(filesPassword)), entry);
  }
  for (const { entry, artifact } of entries.flatMap((each) =>
    each.artifacts.map((stored) => ({ entry: each, artifact: stored })),
  )) {
    if (artifact.bytes === 0)
      throw new JobError(
        "empty-source",
        `the safety backup's ${artifact.key} is empty`,
        "nothing was touched; look at the sources of the plan",
      );
    await verifyArtifact(context, { store, root }, entry, artifact);
    if (entry.kind === "objects") await verifyCopies(context, store, entry);
  }
};
