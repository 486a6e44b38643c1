import {
  JobError,
  type Quiesce,
  type QuiescedUnit,
  type QuiesceUnit,
  quiesce as quiesceSchema,
  type RestoreLaunch,
  recreatedClaims,
  unitText,
} from "../../spec/index.ts";
import { startAgain } from "./start-again.ts";
import { type Claims, fromJournal, toJournal, type Units } from "./units.ts";
import { type LaunchWorld, say } from "./world.ts";

/** What stops and starts the application that writes to the target: programs of this machine, and units of a Docker host or of a namespace. */
export interface Application {
  /**
   * What runs now and will be stopped, in the journal's words. Touches nothing.
   * @throws JobError `bad-config`, `missing-container`, `engine-unreachable`
   */
  readonly running: () => Promise<readonly string[]>;
  /** Stops it, and sees that it stays stopped. @throws JobError `quiesce-failed`, or `interrupted` between two acts */
  readonly stop: (quiesced: readonly string[]) => Promise<void>;
  /** Whether volumes are deleted before the swap. */
  readonly isEmptied: (quiesced: readonly string[]) => boolean;
  /** Deletes those volumes and makes them again; once more after a kill it goes on. @throws JobError `restore-failed` */
  readonly empty: (quiesced: readonly string[]) => Promise<void>;
  /**
   * Starts exactly what was stopped, the last one first, and waits until it answers; tries everything, whatever fails.
   * @throws JobError `probe-failed`
   */
  readonly start: (quiesced: readonly string[]) => Promise<void>;
}

/** Seconds between two looks whether everything stays stopped. */
const LOOK_EVERY = 1;

export const application = (
  { plan: { quiesce }, request }: Pick<RestoreLaunch, "plan" | "request">,
  world: LaunchWorld,
): Application => ({
  running: async () => {
    const all: QuiescedUnit[] = [];
    for (const unit of quiesce?.units ?? [])
      all.push(...(await unitsOf(world).running(unit, quiesce?.timeoutSeconds ?? 0)));
    // Last, so that databases are started before what uses them.
    if (recreatedClaims(request).length > 0) all.push(...(await claimsOf(world).find(request)));
    return toJournal(all);
  },
  stop: async (quiesced) => {
    if (!quiesce) return;
    await stopPrograms(quiesce, world);
    const running = fromJournal(quiesced);
    for (const unit of quiesce.units) {
      world.signal.throwIfAborted();
      say(world, "quiesce", `stopping: ${unitText(unit)}`);
      await unitsOf(world).stop(unit, ofUnit(unit, running), quiesce.timeoutSeconds);
    }
    await staysStopped(quiesce, running, world);
    world.signal.throwIfAborted();
  },
  isEmptied: (quiesced) => claimsIn(quiesced).length > 0,
  empty: async (quiesced) => {
    for (const claim of claimsIn(quiesced)) {
      say(world, "empty", `deleting the volume of ${claim.name} and making it anew, empty`);
      await claimsOf(world).recreate(claim, (quiesce ?? quiesceSchema.parse({})).timeoutSeconds);
    }
  },
  start: async (quiesced) => {
    // What was stopped is started also where the plan has forgotten it since.
    const failures = await startAgain(quiesce ?? quiesceSchema.parse({}), fromJournal(quiesced), world);
    if (failures.length === 0) return;
    throw new JobError("probe-failed", `the application does not run: ${failures.join("; ")}`, "look at its own log");
  },
});

const stopPrograms = async ({ stop, timeoutSeconds }: Quiesce, world: LaunchWorld): Promise<void> => {
  for (const argv of stop) {
    world.signal.throwIfAborted();
    say(world, "quiesce", `stopping: ${argv.join(" ")}`);
    const end = await world.runProgram(argv, timeoutSeconds);
    if (!end.ok)
      throw new JobError("quiesce-failed", end.text, "correct the plan's quiesce.stop, and ask with a new id");
  }
};

/** Something that starts the application again would write into data that are about to be replaced. */
const staysStopped = async (
  { units, quietSeconds, timeoutSeconds }: Quiesce,
  running: readonly QuiescedUnit[],
  world: LaunchWorld,
): Promise<void> => {
  if (units.length === 0) return;
  if (quietSeconds > 0) say(world, "quiesce", `watching for ${quietSeconds} s that everything stays stopped`);
  const until = world.now().getTime() + quietSeconds * 1000;
  for (;;) {
    const isLast = world.now().getTime() >= until;
    for (const unit of units) {
      const back = await unitsOf(world).back(unit, ofUnit(unit, running), timeoutSeconds);
      if (back.length > 0) throw cameBack(back);
    }
    if (isLast) return;
    world.signal.throwIfAborted();
    await world.wait(Math.min(LOOK_EVERY, Math.max(0.1, (until - world.now().getTime()) / 1000)));
  }
};

const cameBack = (back: readonly string[]): JobError =>
  new JobError(
    "quiesce-failed",
    `${back.join(" and ")} ${back.length === 1 ? "runs" : "run"} again after being stopped`,
    "something starts it: name that supervisor as a unit before it (`host: { stop, start }`), and ask with a new id",
  );

/** What of the snapshot belongs to a unit. Containers of a compose project are found by the project, not by their names. */
const ofUnit = (unit: QuiesceUnit, running: readonly QuiescedUnit[]): readonly QuiescedUnit[] =>
  running.filter((one) => {
    if (unit.kind === "compose") return one.kind === "container";
    if (one.kind !== unit.kind) return false;
    return one.kind === "host" || nameOf(one) === nameOf(unit);
  });

const nameOf = (unit: QuiesceUnit | QuiescedUnit): string | undefined => {
  if (unit.kind === "workload") return `${unit.resource}/${unit.name}`;
  return "container" in unit ? unit.container : undefined;
};

const claimsIn = (quiesced: readonly string[]) => fromJournal(quiesced).filter((unit) => unit.kind === "claim");

const claimsOf = ({ units }: LaunchWorld): Claims => {
  if (units?.claims) return units.claims;
  throw new JobError(
    "bad-config",
    "the request deletes volume claims, but the plan's target is no cluster",
    "leave `recreateClaims` away; nothing was touched",
  );
};

const unitsOf = ({ units }: LaunchWorld): Units => {
  if (units) return units;
  throw new JobError(
    "bad-config",
    "the plan's quiesce.units are parts of a Docker host or a cluster, but its target is this machine",
    "name programs in quiesce.stop and quiesce.start instead; nothing was touched",
  );
};
