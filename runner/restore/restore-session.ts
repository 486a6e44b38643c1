import { JobError, oldKeyOf, type RestoreJob, type RestoreStep } from "../../spec/index.ts";
import type { ArtifactSource } from "../artifact/load-artifact.ts";
import { type Context, withSignal } from "../context.ts";
import { openPlanStore, openRootStore } from "../jobs/plan-store.ts";
import { takeLease } from "../store/lease.ts";
import { type Ledger, type OpenJournal, openLedger } from "./ledger.ts";
import type { RestoreBody } from "./restore-body.ts";

/** One action's hold on the ledger. */
export interface Session {
  readonly context: Context;
  readonly job: RestoreJob;
  readonly ledger: Ledger;
}

/** Holds the target's own lock while one action runs. Throws `busy` while another one lives. */
export const inSession = async <T>(
  context: Context,
  job: RestoreJob,
  act: (session: Session) => Promise<T>,
): Promise<T> => {
  const ledger = openLedger(context, job.plan);
  const lease = await takeLease(context, ledger.store, {
    job: `restore ${job.request.id}`,
    seconds: job.plan.leaseSeconds,
  });
  try {
    return await act({ context: withSignal(context, AbortSignal.any([context.signal, lease.signal])), job, ledger });
  } finally {
    await lease.release();
  }
};

/**
 * The journal of this request.
 * @throws JobError `request-id-used` when the id stands for another request
 */
export const findJournal = async (
  ledger: Ledger,
  { request, requestDigest }: RestoreJob,
): Promise<OpenJournal | undefined> => {
  const open = await ledger.read(request.id);
  if (!open || open.journal.requestDigest === requestDigest) return open;
  throw new JobError(
    "request-id-used",
    `the request id '${request.id}' was used for another request (restore of ${open.journal.from.point ?? "a point"}, ${open.journal.steps[0]?.at})`,
    "give this request an id of its own; an id never runs twice, so nothing was touched",
  );
};

/** The journal of this request, which must be at one of some steps. */
export const requireJournal = async ({ ledger, job }: Session, steps: readonly RestoreStep[]): Promise<OpenJournal> => {
  const open = await findJournal(ledger, job);
  if (!open)
    throw new JobError(
      "unknown-point",
      `there is no restore '${job.request.id}' in ${ledger.store.name}`,
      "see `restorable status` for the restores of this plan",
    );
  if (steps.includes(open.journal.step)) return open;
  throw new JobError(
    "restore-failed",
    `restore '${job.request.id}' is at step '${open.journal.step}', where '${job.action}' is not possible`,
    "`restorable resume` brings it to an end",
  );
};

export const answer = ({ journal: { step, record, from, quiesced, stopped, holder } }: OpenJournal): RestoreBody => ({
  kind: "restore",
  step,
  holder,
  ...(from.point === undefined ? {} : { point: from.point }),
  ...(quiesced === undefined ? {} : { quiesced }),
  ...(stopped ? { stopped } : {}),
  ...(record ? { record } : {}),
});

export const isForeign = ({ from, plan }: RestoreJob): boolean =>
  from.repository.environment !== plan.repository.environment;

export const artifactSource = ({ context, job }: Session): ArtifactSource => ({
  store: openPlanStore(context, job.from.repository, job.from.plan, "reader"),
  root: openRootStore(context, job.from.repository, "reader"),
  // An older tool's object has no key of ours, but may need its own.
  ...(oldKeyOf(job.request.point) === undefined || job.identity ? { identity: pointIdentity(context, job) } : {}),
});

/** @throws JobError `wrong-key` where none was given */
export const pointIdentity = (context: Context, { identity }: RestoreJob): string => {
  if (identity) return context.secret(identity).trim();
  throw new JobError(
    "wrong-key",
    "no key was given for this point",
    "give the private key of one of the plan's recipients (`identity`, or `--identity FILE`); nothing was touched",
  );
};
