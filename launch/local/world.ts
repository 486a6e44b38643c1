import { setTimeout as pause } from "node:timers/promises";
import type { Progress } from "../../spec/index.ts";
import { thisProcess } from "../holder.ts";
import { secretReader } from "../read-secret.ts";
import type { LaunchWorld } from "../restore/world.ts";
import type { Secrets } from "../run-job.ts";
import { localProgram } from "../run-program.ts";
import { programEnvironment } from "./environment.ts";
import { localRunner } from "./run-job.ts";

export interface LocalWorldOptions {
  readonly secrets: Secrets;
  readonly report: (progress: Progress) => void;
  readonly signal: AbortSignal;
  /** @default this process's */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** The world of a launcher on the `local` target: jobs and programs are processes of this machine. */
export const localWorld = ({ secrets, report, signal, environment = process.env }: LocalWorldOptions): LaunchWorld => ({
  runJob: localRunner({ environment }),
  runProgram: localProgram(programEnvironment(environment)),
  secrets,
  secret: secretReader(secrets),
  report,
  signal,
  holder: thisProcess(),
  now: () => new Date(),
  wait: (seconds) => pause(seconds * 1000),
});
