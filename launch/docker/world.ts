import { isActing } from "../found-job.ts";
import { type LocalWorldOptions, localWorld } from "../local/world.ts";
import type { LaunchWorld } from "../restore/world.ts";
import { connectEngine } from "./engine.ts";
import { dockerJobs } from "./jobs.ts";
import { type DockerOptions, dockerRunner } from "./run-job.ts";
import type { DockerPlan } from "./target.ts";
import { hostProgram } from "./units/host.ts";
import { dockerUnits } from "./units/units.ts";

/** The world of a launcher for a Docker host: jobs are containers there, programs of the plan are processes here. */
export const dockerWorld = (
  plan: DockerPlan,
  { onPlaced, ...options }: LocalWorldOptions & DockerOptions,
): LaunchWorld => {
  const { host } = plan.target;
  const { environment = process.env } = options;
  const local = localWorld(options);
  const engine = connectEngine(host, environment);
  return {
    ...local,
    runJob: dockerRunner(plan, { environment, ...(onPlaced ? { onPlaced } : {}) }),
    units: dockerUnits({ engine, host, program: hostProgram(host, local.runProgram) }),
    orphans: {
      running: async () => (await dockerJobs(plan, environment).list()).find(isActing)?.id,
      leaseSeconds: plan.leaseSeconds,
    },
  };
};
