import type { Job, Result, SchedulerState } from "../../spec/index.ts";
import type { Reporter } from "../context.ts";
import type { NetworkState } from "./network.ts";

/** The world of a scheduler, handed in. */
export interface SchedulerWorld {
  readonly now: () => Date;
  /** Lets so many milliseconds pass; ends at once when the scheduler is told to stop. */
  readonly wait: (milliseconds: number) => Promise<void>;
  /** A random whole number from 0 to `below` − 1. */
  readonly random: (below: number) => number;
  /** Runs one job as a process of its own; a failed one is a result, too. Aborting the signal tells it to stop. */
  readonly runJob: (job: Job, signal: AbortSignal) => Promise<Result>;
  readonly report: Reporter;
  /** Aborted when the scheduler is told to stop. */
  readonly signal: AbortSignal;
  readonly save: (state: SchedulerState) => Promise<void>;
  readonly network: () => NetworkState;
}

/** Milliseconds between two signs of life. */
export const BEAT = 5_000;
