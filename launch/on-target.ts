import type { Plan } from "../spec/index.ts";
import { dockerJobs } from "./docker/jobs.ts";
import { type DockerOptions, dockerRunner } from "./docker/run-job.ts";
import { isDockerPlan } from "./docker/target.ts";
import { dockerWorld } from "./docker/world.ts";
import type { JobsOn } from "./found-job.ts";
import { localRunner } from "./local/run-job.ts";
import { type LocalWorldOptions, localWorld } from "./local/world.ts";
import type { LaunchWorld } from "./restore/world.ts";
import type { RunJob } from "./run-job.ts";

/** Runs jobs where the plan's target says; without a plan, on this machine. */
export const runnerOn = (plan: Plan | undefined, options: DockerOptions = {}): RunJob =>
  plan && isDockerPlan(plan)
    ? dockerRunner(plan, options)
    : localRunner(options.environment ? { environment: options.environment } : {});

/** The world of a launcher of restores onto this plan. */
export const worldOn = (plan: Plan, options: LocalWorldOptions & DockerOptions): LaunchWorld =>
  isDockerPlan(plan) ? dockerWorld(plan, options) : localWorld(options);

/** The jobs of a plan on its target; undefined where they are processes of this machine. */
export const jobsOf = (
  plan: Plan,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): JobsOn | undefined => (isDockerPlan(plan) ? dockerJobs(plan, environment) : undefined);
