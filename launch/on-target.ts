import type { Plan } from "../spec/index.ts";
import { dockerJobs } from "./docker/jobs.ts";
import { type DockerOptions, dockerRunner } from "./docker/run-job.ts";
import { isDockerPlan } from "./docker/target.ts";
import { dockerWorld } from "./docker/world.ts";
import type { JobsOn } from "./found-job.ts";
import { kubernetesJobs } from "./kubernetes/jobs.ts";
import { type KubernetesOptions, kubernetesRunner } from "./kubernetes/run-job.ts";
import { isKubernetesPlan } from "./kubernetes/target.ts";
import { kubernetesWorld } from "./kubernetes/world.ts";
import { localRunner } from "./local/run-job.ts";
import { type LocalWorldOptions, localWorld } from "./local/world.ts";
import type { LaunchWorld } from "./restore/world.ts";
import type { RunJob } from "./run-job.ts";

type TargetOptions = DockerOptions & KubernetesOptions;

/** Runs jobs where the plan's target says; without a plan, on this machine. */
export const runnerOn = (plan: Plan | undefined, options: TargetOptions = {}): RunJob => {
  if (plan && isDockerPlan(plan)) return dockerRunner(plan, options);
  if (plan && isKubernetesPlan(plan)) return kubernetesRunner(plan, options);
  return localRunner(options.environment ? { environment: options.environment } : {});
};

/** The world of a launcher of restores onto this plan. */
export const worldOn = (plan: Plan, options: LocalWorldOptions & TargetOptions): LaunchWorld => {
  if (isDockerPlan(plan)) return dockerWorld(plan, options);
  return isKubernetesPlan(plan) ? kubernetesWorld(plan, options) : localWorld(options);
};

/** The jobs of a plan on its target; undefined where they are processes of this machine. */
export const jobsOf = (
  plan: Plan,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): JobsOn | undefined => {
  if (isDockerPlan(plan)) return dockerJobs(plan, environment);
  return isKubernetesPlan(plan) ? kubernetesJobs(plan, environment) : undefined;
};
