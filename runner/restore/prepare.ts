import { JobError, type Journal, modeOf, type RestoreJob } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { liveness } from "../world/holder.ts";
import { checkKey } from "./check-key.ts";
import { type Chosen, choose, matchChosen, partRequest } from "./choose.ts";
import { failBeforeSwap, finishRecord } from "./end.ts";
import { guard, targetName } from "./guards.ts";
import { runHooks } from "./hooks.ts";
import { isOver, type OpenJournal } from "./ledger.ts";
import { partOf } from "./part-of.ts";
import type { Prepared } from "./prepared.ts";
import type { RestoreBody } from "./restore-body.ts";
import { answer, findJournal, inSession, pointIdentity, type Session } from "./restore-session.ts";
import { prepareInPlace } from "./safety-backup.ts";

/** Claims the request, checks everything, and restores beside the live data while the application runs. */
export const prepare = (context: Context, job: RestoreJob): Promise<RestoreBody> =>
  inSession(context, job, async (session) => {
    guard(job.plan, job.request);
    const earlier = await findJournal(session.ledger, job);
    if (earlier) return earlierRun(session, earlier);
    await refuseWhileAnotherIsOpen(session);
    const chosen = await choose(session);
    if (chosen.point) await checkKey(pointIdentity(context, job), chosen.point);
    const { prepared, notes } = await inspectAll(session, chosen);
    const claimed = await session.ledger.claim(newJournal(session, chosen, prepared, notes));
    return run(session, claimed, prepared, chosen);
  });

/** The same request again: its recorded end, or where it stands for whoever brings it to an end. */
const earlierRun = ({ context }: Session, open: OpenJournal): RestoreBody => {
  const { journal } = open;
  if (
    !isOver(journal) &&
    liveness(journal.holder, context.holder) === "alive" &&
    journal.holder.pid !== context.holder.pid
  ) {
    throw new JobError(
      "busy",
      `restore '${journal.id}' is running in process ${journal.holder.pid} on ${journal.holder.host}, at step '${journal.step}'`,
      "wait for its end, or stop that process and run `restorable resume`",
    );
  }
  return answer(open);
};

const refuseWhileAnotherIsOpen = async ({ ledger, job }: Session): Promise<void> => {
  const other = (await ledger.all()).find(({ journal }) => !isOver(journal));
  if (!other) return;
  throw new JobError(
    "busy",
    `restore '${other.journal.id}' onto ${targetName(job.plan)} has not ended: it is at step '${other.journal.step}'`,
    `wait for its end, or, where nobody runs it any more, bring it to an end with \`restorable resume ${other.journal.id}\`; then ask again; nothing was touched`,
  );
};

const inspectAll = async (session: Session, chosen: Chosen): Promise<{ prepared: Prepared[]; notes: string[] }> => {
  const { context, job } = session;
  const prepared: Prepared[] = [];
  const notes = [...chosen.notes];
  const at = context.now();
  for (const match of matchChosen(job.plan, chosen)) {
    const restorer = partOf(context, { ...partRequest(session, chosen, match), at });
    const inspected = await restorer.inspect();
    prepared.push({ match, restorer, part: inspected.part });
    notes.push(...inspected.notes);
  }
  return { prepared, notes };
};

const newJournal = (
  { context, job }: Session,
  chosen: Chosen,
  prepared: readonly Prepared[],
  notes: readonly string[],
): Journal => {
  const at = context.now();
  const mode = modeOf(job.request);
  return {
    version: 1,
    id: job.request.id,
    requestDigest: job.requestDigest,
    request: job.request,
    target: targetName(job.plan),
    from: {
      environment: job.from.repository.environment,
      plan: job.from.plan,
      ...(chosen.point ? { point: chosen.point.id } : {}),
    },
    step: "claimed",
    steps: [{ step: "claimed", at: at.toISOString() }],
    mode,
    parts: prepared.map(({ part }) => part),
    holder: job.launcher ?? context.holder,
    checks: [],
    notes: [...notes],
    bytes: prepared.flatMap(({ match }) => match.entry.artifacts).reduce((sum, { bytes }) => sum + bytes, 0),
    ...(mode === "replace" && heldDays(job) > 0
      ? { heldUntil: new Date(at.getTime() + heldDays(job) * 86_400_000).toISOString() }
      : {}),
  };
};

/** Superseded data of a protected plan stay for 14 days unless the plan says more. */
const heldDays = ({ plan: { superseded, protected: isProtected } }: RestoreJob): number =>
  superseded && "days" in superseded ? superseded.days : isProtected ? 14 : 0;

const run = async (
  session: Session,
  claimed: OpenJournal,
  prepared: readonly Prepared[],
  chosen: Chosen,
): Promise<RestoreBody> => {
  let open = claimed;
  try {
    open = await session.ledger.advance(open, "checked");
    if (open.journal.mode === "inPlace") {
      open = await prepareInPlace(session, open, prepared, chosen.name);
      return answer(await session.ledger.advance(open, "hooked"));
    }
    open = await loadBeside(session, open, prepared);
    if (open.journal.mode === "replace") return answer(open);
    return answer(await finishRecord(session, open));
  } catch (error) {
    return answer(await failBeforeSwap(session, open, error));
  }
};

const loadBeside = async (session: Session, from: OpenJournal, prepared: readonly Prepared[]): Promise<OpenJournal> => {
  const { ledger, context, job } = session;
  let open = await ledger.advance(from, "restoring");
  for (const { restorer, part, match } of prepared) {
    context.report.step(
      "restoring",
      `restoring '${match.source.name}' beside the live data, as ${part.beside}; the application keeps running`,
    );
    const { checks, notes } = await restorer.load(part);
    open = {
      ...open,
      journal: {
        ...open.journal,
        checks: [...open.journal.checks, ...checks],
        notes: [...open.journal.notes, ...notes],
      },
    };
  }
  open = await ledger.advance(open, "restored");
  refuseDifferences(open.journal);
  open = await ledger.advance(open, "compared");
  await runHooks(context, job, prepared);
  return ledger.advance(open, "hooked");
};

const refuseDifferences = ({ checks }: Journal): void => {
  const wrong = checks.filter(({ ok }) => !ok);
  if (wrong.length === 0) return;
  throw new JobError(
    "counts-differ",
    `what was restored is not what the manifest says: ${wrong.map(({ name, detail }) => `${name}: ${detail}`).join("; ")}`,
    "choose another point; the live data were not touched",
  );
};
