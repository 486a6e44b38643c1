import type { Quiesce, QuiescedUnit } from "../../spec/index.ts";
import type { ProgramEnd } from "../run-program.ts";
import { probeText, quiescedText } from "./units.ts";
import { type LaunchWorld, say } from "./world.ts";

/** Seconds between two probes. */
const PROBE_EVERY = 1;

/** Starts what was stopped, whatever fails, and then waits until the application answers; answers with what failed. */
export const startAgain = async (
  quiesce: Quiesce,
  stopped: readonly QuiescedUnit[],
  world: LaunchWorld,
): Promise<readonly string[]> => {
  const failures: string[] = [];
  const attempt = async (text: string, act: () => Promise<ProgramEnd>) => {
    say(world, "resume", text);
    const end = await act();
    if (!end.ok) failures.push(end.text);
  };
  const { timeoutSeconds, start, probe } = quiesce;
  for (const unit of stopped.toReversed()) {
    await attempt(`starting: ${quiescedText(unit)}`, () => startUnit(unit, timeoutSeconds, world));
  }
  for (const argv of start) {
    await attempt(`starting: ${argv.join(" ")}`, () => world.runProgram(argv, timeoutSeconds));
  }
  const started = failures.length === 0;
  if (started && probe)
    await attempt(waiting(probe.join(" ")), () => untilItAnswers(probeOf(world, probe), quiesce, world));
  for (const one of started ? quiesce.probes : []) {
    const ask = async (seconds: number): Promise<ProgramEnd> =>
      (await world.units?.probe(one, seconds)) ?? {
        ok: false,
        text: `${probeText(one)} needs a Docker host or a cluster`,
      };
    await attempt(waiting(probeText(one)), () => untilItAnswers(ask, quiesce, world));
  }
  return failures;
};

const waiting = (text: string): string => `waiting for the application: ${text}`;

const startUnit = async (unit: QuiescedUnit, seconds: number, { units }: LaunchWorld): Promise<ProgramEnd> =>
  (await units?.start(unit, seconds)) ?? {
    ok: false,
    text: `${quiescedText(unit)} was stopped on a Docker host or in a cluster`,
  };

const probeOf =
  ({ runProgram }: LaunchWorld, argv: readonly string[]) =>
  (seconds: number): Promise<ProgramEnd> =>
    runProgram(argv, seconds);

/** Asks again until it answers or the time is over. */
const untilItAnswers = async (
  ask: (seconds: number) => Promise<ProgramEnd>,
  { timeoutSeconds }: Quiesce,
  world: LaunchWorld,
): Promise<ProgramEnd> => {
  const deadline = world.now().getTime() + timeoutSeconds * 1000;
  for (;;) {
    const left = (deadline - world.now().getTime()) / 1000;
    const end = await ask(Math.max(1, left));
    if (end.ok || world.now().getTime() + PROBE_EVERY * 1000 >= deadline) return end;
    await world.wait(PROBE_EVERY);
  }
};
