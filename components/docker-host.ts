import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { SchedulerArgs } from "./configuration.ts";
import { type DockerPlan, labels, scheduledPlan } from "./render/scheduler.ts";
import { scheduler } from "./scheduler.ts";

export interface DockerHostArgs extends SchedulerArgs {
  /** Whether anything is to run by itself. */
  readonly scheduled: boolean;
}

/** Declares what a plan has on its Docker host: the volume of its ledger and, with a schedule, what runs it. */
export const dockerHost = (name: string, args: DockerHostArgs, parent: pulumi.ComponentResource): void => {
  const provider = new docker.Provider(`${name}-host`, { host: args.host }, { parent });
  // Another host is another place: a provider that merely points elsewhere would leave them "unchanged", with nothing there.
  const opts = { parent, provider, replacementTrigger: args.host };

  new docker.Volume(
    `${name}-ledger`,
    {
      name: args.plan.target.ledger,
      labels: args.plan.apply((plan) => labels(`${plan.project}/${plan.stack}/${plan.name}`, "ledger")),
    },
    // It remembers which restores ran: the plan may go, what happened stays.
    { ...opts, retainOnDelete: true },
  );
  if (args.scheduled) {
    scheduler(name, { ...args, plan: args.plan.apply((plan) => scheduledPlan(plan) as DockerPlan) }, opts);
  }
};

/** For whoever declares a plan on a host. */
export const ONLY_HOST = {
  isInstance: docker.Provider.isInstance,
  type: "docker:index:Container",
  fact: "another Docker provider was given; the host is `target.docker.host`, and nothing else",
};
