import { JobError, modeOf, type RestoreLaunch, type RestoreRecord, type Selected } from "../../spec/index.ts";
import { type Act, actions } from "./actions.ts";
import { application } from "./application.ts";
import { continueEarlier, earlierOf } from "./earlier.ts";
import { failedRecord } from "./failed-record.ts";
import { openPoint } from "./open-point.ts";
import { concluded, replaceLive, undo } from "./replace-live.ts";
import { type LaunchWorld, say } from "./world.ts";

/** Seconds between two looks at a restore that another process runs. */
const LOOK_EVERY = 2;

/**
 * Runs a requested restore to its end, or goes on with an earlier run of the same request: a finished one is only
 * reported, or its application started where nobody came to that, a living one is waited for, a killed one is completed or undone. Never rejects: what went wrong is in the
 * record. Whatever happens after the application was stopped, it is started again, unless its data may be half old and
 * half new; the record says so then.
 */
export const restore = async (launch: RestoreLaunch, world: LaunchWorld): Promise<RestoreRecord> => {
  const started = world.now();
  try {
    return await beginOrContinue(launch, world, actions(launch, world));
  } catch (error) {
    return failedRecord(launch, started, world.now(), error);
  }
};

const beginOrContinue = async (launch: RestoreLaunch, world: LaunchWorld, act: Act): Promise<RestoreRecord> => {
  for (let looks = 0; ; looks += 1) {
    world.signal.throwIfAborted();
    const found = await act("open", { signal: world.signal });
    const earlier = earlierOf(found);
    if (!earlier) return begin(launch, world, found.selected);
    if (earlier.record && !earlier.stopped) {
      say(world, "state", `request ${launch.request.id} has already ended; nothing is run again`);
      return earlier.record;
    }
    try {
      return await continueEarlier(launch, world, act, earlier);
    } catch (error) {
      if (!(error instanceof JobError && error.code === "busy")) throw error;
      if (looks % 30 === 0) say(world, "attach", `${error.fact}; waiting for its end`);
      await world.wait(LOOK_EVERY);
    }
  }
};

const begin = async (
  launch: RestoreLaunch,
  world: LaunchWorld,
  selected: Selected | undefined,
): Promise<RestoreRecord> => {
  // What could not be stopped later is found out now.
  if (!isElsewhere(launch)) await application(launch, world).running();
  const point = await openPoint(launch, world, selected);
  // `latest` may be another point a moment later; the opened key is this one's.
  const pinned = actions(
    { ...launch, request: { ...launch.request, point: point.selector } },
    world,
    modeOf(launch.request) === "inPlace" ? point.identity : undefined,
  );
  try {
    const prepared = await pinned("prepare", {
      ...(point.identity === undefined ? {} : { identity: point.identity }),
      signal: world.signal,
    });
    if (prepared.record) return prepared.record;
  } catch (error) {
    // Somebody else's work is not ours to undo.
    if (error instanceof JobError && (error.code === "busy" || error.code === "request-id-used")) throw error;
    return undo(pinned, world, error);
  }
  return isElsewhere(launch)
    ? concluded(await pinned("finish"))
    : replaceLive(pinned, application(launch, world), world);
};

/** Into a new database, directory or volume: nothing is replaced, so nothing is stopped. */
const isElsewhere = ({ request }: RestoreLaunch): boolean => modeOf(request) === "elsewhere";
