import { JobError, type Manifest, type Plan, pointTime } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { requireDirectory } from "../files/inspect-directory.ts";
import { inspectMedia } from "../objects/inspect-media.ts";
import { checkDatabase } from "../postgres/connect.ts";
import type { Store } from "../store/store.ts";

/** Seconds by which this machine's clock may differ from the store's. */
const CLOCK_TOLERANCE = 300;

/** Everything that can be refused before a byte is stored: sources, clock, room. */
export const preflight = async (
  context: Context,
  plan: Plan,
  store: Store,
  previous: Manifest | undefined,
): Promise<void> => {
  await checkClock(context, store, previous);
  for (const source of plan.sources) {
    if (source.kind === "postgres") await checkDatabase(context, source, source.login);
    else if (source.kind === "files") await requireDirectory(source.directory);
    else for (const text of await inspectMedia(context, source)) context.report.warning(text);
  }
  await checkRoom(store, previous);
};

const checkClock = async (context: Context, store: Store, previous: Manifest | undefined): Promise<void> => {
  const [here, there] = [context.now(), await store.clock()];
  const apart = Math.round((here.getTime() - there.getTime()) / 1000);
  if (Math.abs(apart) > CLOCK_TOLERANCE) {
    const which = apart > 0 ? "ahead of" : "behind";
    throw new JobError(
      "clock-wrong",
      `this machine's clock is ${Math.abs(apart)} s ${which} that of ${store.name}`,
      "set the clock (NTP) and run again; ids, retention and leases depend on it",
    );
  }
  if (previous && pointTime(previous.id).getTime() > there.getTime() + CLOCK_TOLERANCE * 1000) {
    throw new JobError(
      "clock-wrong",
      `the newest recovery point ${previous.id} lies in the future`,
      "a clock was wrong when it was taken; mark it 'quarantine' once you know which, or wait until that time has passed",
    );
  }
};

/** A directory with less room than the last point took is refused; S3 does not say what room it has. */
const checkRoom = async (store: Store, previous: Manifest | undefined): Promise<void> => {
  const room = await store.room();
  if (room === undefined || !previous) return;
  const needed = previous.sources.flatMap(({ artifacts }) => artifacts).reduce((sum, { bytes }) => sum + bytes, 0);
  if (room >= needed) return;
  throw new JobError(
    "no-room",
    `${store.name} has room for ${room} bytes, and the last point took ${needed}`,
    "make room there, or prune (`restorable prune`), and run again; earlier points are untouched",
  );
};
