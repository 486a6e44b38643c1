import type { ErrorReport, Journal, RestoreRecord } from "../../spec/index.ts";

/** The audit line of a restore that has ended, made from its journal. */
export const recordOf = (journal: Journal, finished: Date, error?: ErrorReport): RestoreRecord => {
  const started = (rollbackOf(journal) ?? journal.steps[0])?.at ?? finished.toISOString();
  return {
    version: 1,
    id: journal.id,
    ok: error === undefined,
    request: journal.request,
    target: journal.target,
    from: journal.from,
    started,
    finished: finished.toISOString(),
    seconds: seconds(started, finished),
    downtimeSeconds: downtime(journal, finished),
    bytes: journal.bytes,
    checks: journal.checks,
    superseded:
      error === undefined || wasSwapped(journal)
        ? journal.parts
            .filter(({ existed }) => existed && journal.mode === "replace")
            .map(({ superseded }) => superseded)
        : [],
    notes: journal.notes,
    ...(error === undefined ? {} : { error }),
  };
};

/** A rollback is an act of its own, with a time of its own. */
const rollbackOf = ({ steps }: Journal) => steps.find(({ step }) => step === "rolling-back");

/** From the moment before the application was stopped to the moment after it was started again. */
const downtime = (journal: Journal, finished: Date): number => {
  const stopped = (rollbackOf(journal) ?? journal.steps.find(({ step }) => step === "quiescing"))?.at;
  if (stopped === undefined) return 0;
  const resumed = journal.steps.findLast(({ step }) => step === "resumed")?.at;
  return seconds(stopped, resumed === undefined ? finished : new Date(resumed));
};

const wasSwapped = ({ steps }: Journal): boolean =>
  steps.some(({ step }) => step === "swapped") && !steps.some(({ step }) => step === "undone");

const seconds = (from: string, to: Date): number => (to.getTime() - Date.parse(from)) / 1000;
