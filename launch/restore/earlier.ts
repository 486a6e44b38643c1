import {
  type Holder,
  JobError,
  modeOf,
  NO_JOURNAL,
  RESTORE_STEPS,
  type RestoreLaunch,
  type RestoreRecord,
  type ResultOf,
} from "../../spec/index.ts";
import { livesHere } from "../holder.ts";
import { type Act, actions } from "./actions.ts";
import { type Application, application } from "./application.ts";
import { openPinned } from "./open-point.ts";
import { isOver, recover } from "./recover.ts";
import { resumeAndFinish } from "./replace-live.ts";
import { type LaunchWorld, say } from "./world.ts";

export interface Earlier {
  readonly step: string;
  /** The point that the run pinned. */
  readonly point?: string;
  /** What it stopped, in the journal's words. */
  readonly quiesced: readonly string[];
  /** It is over, but its launcher died before it started the application. */
  readonly stopped?: true;
  /** Whose it is. */
  readonly holder?: Holder;
  /** Present once the run is over. */
  readonly record?: RestoreRecord;
}

/** How far an earlier run of this request came, in the words of `open` or `state`; undefined when there was none. */
export const earlierOf = (answer: ResultOf<"restore">): Earlier | undefined => {
  const { step, point, record, holder, stopped, quiesced = [] } = answer;
  if (step === NO_JOURNAL) return undefined;
  return {
    step,
    quiesced,
    ...(holder === undefined ? {} : { holder }),
    ...(point === undefined ? {} : { point }),
    ...(record && isOver(step) ? { record, ...(stopped ? { stopped } : {}) } : {}),
  };
};

/**
 * Completes or undoes a run whose process is gone, and starts the application if that run may have stopped it. Of one
 * that is over, only the latter.
 * @throws JobError `busy` while its process lives
 */
export const continueEarlier = async (
  launch: RestoreLaunch,
  world: LaunchWorld,
  plain: Act,
  { step, point, quiesced, holder, record, stopped }: Earlier,
): Promise<RestoreRecord> => {
  if (record) {
    say(world, "resume", `request ${launch.request.id} has ended, but nobody started the application since`);
    const outcome = { record, ...(stopped ? { stopped } : {}) };
    return resumeAndFinish(plain, application(launch, world), world, quiesced, outcome);
  }
  if (holder) refuseWhileItLives(launch, world, holder, step);
  const act =
    modeOf(launch.request) === "inPlace" && point !== undefined ? await withIdentity(launch, world, point) : plain;
  // The runner restores into an empty server, and somebody may have been killed while making it one.
  if (step === "swapping") await application(launch, world).empty(quiesced);
  const outcome = await recover(act, world, `restore ${launch.request.id} was left at '${step}'`);
  say(world, "recover", `restore ${launch.request.id}, left at '${step}', is settled`);
  const app = mayHaveStopped(step) ? application(launch, world) : NOT_STOPPED;
  return resumeAndFinish(act, app, world, quiesced, outcome);
};

const refuseWhileItLives = ({ request }: RestoreLaunch, world: LaunchWorld, holder: Holder, step: string): void => {
  if (!livesHere(holder, world.holder)) return;
  const fact = `restore '${request.id}' still runs in process ${holder.pid}, at step '${step}'`;
  throw new JobError("busy", fact, "wait for its end, or stop that process first");
};

/** An in-place restore goes on only with the key of its point. */
const withIdentity = async (launch: RestoreLaunch, world: LaunchWorld, point: string): Promise<Act> => {
  const pinned = { ...launch, request: { ...launch.request, point } };
  return actions(pinned, world, (await openPinned(pinned, world)).identity);
};

const mayHaveStopped = (step: string): boolean => {
  const at = (RESTORE_STEPS as readonly string[]).indexOf(step);
  return step === "rolling-back" || (at >= RESTORE_STEPS.indexOf("quiescing") && at < RESTORE_STEPS.indexOf("resumed"));
};

const NOT_STOPPED: Application = {
  running: async () => [],
  stop: async () => undefined,
  isEmptied: () => false,
  empty: async () => undefined,
  start: async () => undefined,
};
