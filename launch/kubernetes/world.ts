import { isActing } from "../found-job.ts";
import { type LocalWorldOptions, localWorld } from "../local/world.ts";
import type { LaunchWorld } from "../restore/world.ts";
import { connectCluster } from "./cluster.ts";
import { jobsIn } from "./jobs.ts";
import { type KubernetesOptions, kubernetesRunner } from "./run-job.ts";
import type { KubernetesPlan } from "./target.ts";
import { kubernetesUnits } from "./units/units.ts";

/** The world of a launcher for a cluster: jobs are pods there, programs of the plan are processes here. */
export const kubernetesWorld = (
  plan: KubernetesPlan,
  { onPlaced, patienceSeconds, ...options }: LocalWorldOptions & KubernetesOptions,
): LaunchWorld => {
  const { environment = process.env, secrets } = options;
  const connect = () => connectCluster(plan.target, { ...environment, ...secrets });
  return {
    ...localWorld(options),
    runJob: kubernetesRunner(plan, {
      environment,
      ...(onPlaced ? { onPlaced } : {}),
      ...(patienceSeconds === undefined ? {} : { patienceSeconds }),
    }),
    units: kubernetesUnits(connect, plan),
    orphans: {
      running: async () => (await jobsIn(await connect(), plan)).find(isActing)?.id,
      leaseSeconds: plan.leaseSeconds,
    },
  };
};
