import type * as pulumi from "@pulumi/pulumi";
import type { Plan } from "../spec/index.ts";
import type { RunChoice } from "./args/kubernetes-args.ts";
import type { ScheduleChoice } from "./args/plan-args.ts";
import type { TargetChoice } from "./args/target-args.ts";
import { cluster, ONLY_CLUSTER } from "./cluster.ts";
import { dockerHost, ONLY_HOST } from "./docker-host.ts";
import { refuseOtherProvider } from "./other-provider.ts";
import type { ClusterPlan } from "./render/cluster-runs.ts";
import type { DockerPlan } from "./render/scheduler.ts";
import type { Sidecar } from "./render/sidecar.ts";
import { dockerName, hostOf, type PlanIdentity } from "./render/target.ts";

/** What is run on a target. */
export interface Placed {
  readonly identity: PlanIdentity;
  readonly target: TargetChoice;
  readonly schedule?: ScheduleChoice | undefined;
  readonly run?: RunChoice | undefined;
  readonly plan: pulumi.Output<Plan>;
  readonly secrets: pulumi.Output<Readonly<Record<string, string>>>;
}

/**
 * Declares what runs a plan on its target; nothing on `local`.
 * @returns the sidecar where that is what runs it
 */
export const placed = (
  name: string,
  { identity, target, schedule, run, plan, secrets }: Placed,
  parent: pulumi.ComponentResource,
): pulumi.Output<Sidecar> | undefined => {
  const scheduled = schedule?.cron !== undefined;
  if (target.docker) {
    const names = { scheduler: dockerName(identity), configuration: dockerName(identity, "configuration") };
    const args = { host: hostOf(target.docker), plan: plan as pulumi.Output<DockerPlan>, secrets, names, scheduled };
    dockerHost(name, args, parent);
  }
  if (!target.kubernetes) return undefined;
  const args = { identity, target: target.kubernetes, plan: plan as pulumi.Output<ClusterPlan>, secrets };
  return cluster(name, { ...args, scheduled, run }, parent);
};

/** The place is what the target says, and nothing else. */
export const refuseOtherPlace = (
  what: string,
  target: TargetChoice,
  opts: pulumi.ComponentResourceOptions | undefined,
): void => {
  if (target.docker) refuseOtherProvider(what, opts, ONLY_HOST);
  if (target.kubernetes) refuseOtherProvider(what, opts, ONLY_CLUSTER);
};
