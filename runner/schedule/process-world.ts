import { randomInt } from "node:crypto";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ndjsonReporter } from "../world/reporter.ts";
import { childRunner } from "./child.ts";
import type { SchedulerWorld } from "./world.ts";

const MAIN = path.resolve(import.meta.dirname, `../main${path.extname(import.meta.filename)}`);

export const now = () => new Date();

/** The world of a process that runs a plan: results of its jobs go to stdout, progress to stderr, line by line. */
export const processWorld = (
  secrets: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Omit<SchedulerWorld, "save" | "network"> => ({
  now,
  wait: (milliseconds) => pause(milliseconds, undefined, { signal }).catch(() => undefined),
  random: (below) => randomInt(below),
  runJob: childRunner({
    main: MAIN,
    secrets,
    now,
    onStderr: (line) => void process.stderr.write(`${line}\n`),
    onStdout: (line) => void process.stdout.write(`${line}\n`),
  }),
  report: ndjsonReporter((line) => process.stderr.write(line), now),
  signal,
});
