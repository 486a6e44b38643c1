import { JobError, type Plan } from "../../spec/index.ts";
import type { ProgramEnd } from "../run-program.ts";
import { type LaunchWorld, say } from "./world.ts";

/** What stops and starts the application that writes to the target; the plan's argv lists on `local`. */
export interface Application {
  /** Stops it. Throws JobError `quiesce-failed`, or `interrupted` between two programs. */
  readonly stop: () => Promise<void>;
  /** Starts it and waits until it answers; tries every program, whatever fails. Throws JobError `probe-failed`. */
  readonly start: () => Promise<void>;
}

/** Seconds between two probes. */
const PROBE_EVERY = 1;

export const application = ({ quiesce }: Plan, world: LaunchWorld): Application => {
  const seconds = quiesce?.timeoutSeconds ?? 0;
  const run = (argv: readonly string[]) => world.runProgram(argv, seconds);
  return {
    stop: async () => {
      for (const argv of quiesce?.stop ?? []) {
        world.signal.throwIfAborted();
        say(world, "quiesce", `stopping: ${argv.join(" ")}`);
        const end = await run(argv);
        if (!end.ok)
          throw new JobError("quiesce-failed", end.text, "correct the plan's quiesce.stop, and ask with a new id");
      }
      world.signal.throwIfAborted();
    },
    start: async () => {
      const failures: string[] = [];
      for (const argv of quiesce?.start ?? []) {
        say(world, "resume", `starting: ${argv.join(" ")}`);
        const end = await run(argv);
        if (!end.ok) failures.push(end.text);
      }
      if (failures.length === 0 && quiesce?.probe) {
        say(world, "resume", `waiting for the application: ${quiesce.probe.join(" ")}`);
        const end = await probe(quiesce.probe, seconds, world);
        if (!end.ok) failures.push(end.text);
      }
      if (failures.length > 0) {
        throw new JobError(
          "probe-failed",
          `the application does not run: ${failures.join("; ")}`,
          "look at its own log",
        );
      }
    },
  };
};

/** Asks again until it answers or the time is over. */
const probe = async (argv: readonly string[], seconds: number, world: LaunchWorld): Promise<ProgramEnd> => {
  const deadline = world.now().getTime() + seconds * 1000;
  for (;;) {
    const left = (deadline - world.now().getTime()) / 1000;
    const end = await world.runProgram(argv, Math.max(1, left));
    if (end.ok || world.now().getTime() + PROBE_EVERY * 1000 >= deadline) return end;
    await world.wait(PROBE_EVERY);
  }
};
