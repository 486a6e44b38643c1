import { setTimeout as pause } from "node:timers/promises";
import { thisProcess } from "../holder.ts";
import { programEnvironment } from "../local/environment.ts";
import type { LocalWorldOptions } from "../local/world.ts";
import { secretReader } from "../read-secret.ts";
import type { LaunchWorld } from "../restore/world.ts";
import { localProgram } from "../run-program.ts";
import { connectEngine } from "./engine.ts";
import { dockerJobs, isActing } from "./jobs.ts";
import { type DockerOptions, dockerRunner } from "./run-job.ts";
import type { DockerPlan } from "./target.ts";
import { hostProgram } from "./units/host.ts";
import { dockerUnits } from "./units/units.ts";

/** The world of a launcher for a Docker host: jobs are containers there, programs of the plan are processes here. */
export const dockerWorld = (
  plan: DockerPlan,
  { secrets, report, signal, environment = process.env, onPlaced }: LocalWorldOptions & DockerOptions,
): LaunchWorld => {
  const { host } = plan.target;
  const runProgram = localProgram(programEnvironment(environment));
  const engine = connectEngine(host, environment);
  return {
    runJob: dockerRunner(plan, { environment, ...(onPlaced ? { onPlaced } : {}) }),
    runProgram,
    units: dockerUnits({ engine, host, program: hostProgram(host, runProgram) }),
    orphans: {
      running: async () => (await dockerJobs(plan, environment)).find(isActing)?.id,
      leaseSeconds: plan.leaseSeconds,
    },
    secrets,
    secret: secretReader(secrets),
    report,
    signal,
    holder: thisProcess(),
    now: () => new Date(),
    wait: (seconds) => pause(seconds * 1000),
  };
};
