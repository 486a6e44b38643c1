import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { canonicalJson, type SchedulerFile } from "../spec/index.ts";
import { type DockerPlan, labels, NEVER_STARTED, schedulerSecrets, uploads } from "./render/scheduler.ts";

export interface SchedulerArgs {
  readonly host: pulumi.Input<string>;
  readonly plan: pulumi.Output<DockerPlan>;
  readonly secrets: pulumi.Output<Readonly<Record<string, string>>>;
  /** Names on the host. */
  readonly names: { readonly scheduler: string; readonly configuration: string };
}

/** A volume with files in it. */
export interface Configuration {
  readonly volume: docker.Volume;
  /** Another one for other files. */
  readonly writer: docker.Container;
}

/**
 * Declares what a scheduler is told, as files in a volume. They get there through a container that is made and never
 * started: the provider writes files by way of a container's root, which Docker refuses where that is read-only.
 */
export const configuration = (
  name: string,
  { plan, secrets, names }: SchedulerArgs,
  opts: pulumi.CustomResourceOptions,
): Configuration => {
  const labelled = plan.apply((known) => labels(`${known.project}/${known.stack}/${known.name}`, "configuration"));
  const volume = new docker.Volume(`${name}-configuration`, { name: names.configuration, labels: labelled }, opts);
  const writer = new docker.Container(
    `${name}-writer`,
    {
      ...NEVER_STARTED,
      image: plan.target.image,
      mounts: volume.name.apply((source) => NEVER_STARTED.mounts.map((mount) => ({ ...mount, source }))),
      labels: labelled,
      uploads: pulumi.all([plan, secrets]).apply(([known, values]) => files(known, values)),
    },
    {
      // No name of its own, so that the new one is made first: if that fails, the scheduler goes on.
      ...opts,
      ignoreChanges: FILLED_IN,
      replacementTrigger: pulumi.all([opts.replacementTrigger, plan.target.image]).apply(canonicalJson),
      additionalSecretOutputs: ["uploads"],
    },
  );
  return { volume, writer };
};

/**
 * What is read back otherwise than it was declared: the engine answers with ids where names were given. What is
 * declared of them is in the replacement triggers, so a real change still comes through.
 */
export const FILLED_IN = ["image", "networkMode", "networksAdvanced"];

/** The whole is secret, because one of the two files is. */
const files = (plan: DockerPlan, values: Readonly<Record<string, string>>) =>
  uploads(
    plan.target,
    `${canonicalJson({ version: 1, plan } satisfies SchedulerFile)}\n`,
    `${canonicalJson(schedulerSecrets(plan, values))}\n`,
  );
