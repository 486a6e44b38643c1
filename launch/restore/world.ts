import type { Holder, Progress, SecretRef } from "../../spec/index.ts";
import type { RunJob, Secrets } from "../run-job.ts";
import type { RunProgram } from "../run-program.ts";
import type { Units } from "./units.ts";

/** What a launcher works with, handed in by `main.ts` or the CLI. */
export interface LaunchWorld {
  readonly runJob: RunJob;
  readonly runProgram: RunProgram;
  /** Stops and starts what runs on a Docker host or in a cluster; undefined on a target that has none. */
  readonly units?: Units | undefined;
  /** Where a killed job cannot be told from a living one but by its target: how to ask, and how long its lease lasts. */
  readonly orphans?: Orphans | undefined;
  /** Values of secrets of kind `env`. */
  readonly secrets: Secrets;
  /**
   * The value that a reference names.
   * @throws JobError `missing-secret`
   */
  readonly secret: (ref: SecretRef) => string;
  readonly report: (progress: Progress) => void;
  /** Aborted when the operator interrupts; its reason is a JobError. */
  readonly signal: AbortSignal;
  /** This process, as journals name it. */
  readonly holder: Holder | undefined;
  readonly now: () => Date;
  /** Lets time pass between two looks at something. */
  readonly wait: (seconds: number) => Promise<void>;
}

export interface Orphans {
  /** The restore job of this plan that runs on the target now. */
  readonly running: () => Promise<string | undefined>;
  /** Seconds after which a lease that nobody renews is over. */
  readonly leaseSeconds: number;
}

/** Tells the operator that a step begins. */
export const say = (world: LaunchWorld, step: string, text: string): void =>
  world.report({ type: "step", at: world.now().toISOString(), step, text });

export const warn = (world: LaunchWorld, text: string): void =>
  world.report({ type: "warning", at: world.now().toISOString(), text });

/** For what must come to its end although the operator interrupted. */
export const NEVER: AbortSignal = new AbortController().signal;
