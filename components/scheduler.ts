import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { canonicalJson } from "../spec/index.ts";
import { configuration, FILLED_IN, type SchedulerArgs } from "./configuration.ts";
import { CONFINED, LIFE, schedulerContainer } from "./render/scheduler.ts";

/** Declares the container that runs a plan by its schedule, and what it is told. */
export const scheduler = (name: string, args: SchedulerArgs, opts: pulumi.CustomResourceOptions): void => {
  const { volume, writer } = configuration(name, args, opts);
  const inputs = pulumi
    .all([args.plan, volume.name])
    .apply(([plan, configured]) => schedulerContainer(plan, args.names.scheduler, configured));
  new docker.Container(
    `${name}-scheduler`,
    {
      ...CONFINED,
      ...LIFE,
      name: inputs.name,
      image: inputs.image,
      command: inputs.command,
      networkMode: inputs.networkMode,
      mounts: inputs.mounts,
      user: inputs.user,
      memory: inputs.memory,
      memorySwap: inputs.memorySwap,
      labels: inputs.labels,
    },
    {
      ...opts,
      dependsOn: [writer],
      // Two of one name cannot be, and two at once would both take backups.
      deleteBeforeReplace: true,
      ignoreChanges: FILLED_IN,
      // It reads its files once, at its start: other files, another scheduler.
      replacementTrigger: pulumi
        .all([args.host, inputs, writer.id])
        .apply(([host, { image, networkMode }, files]) => canonicalJson([host, image, networkMode, files])),
      customTimeouts: { create: "10m" },
    },
  );
};
