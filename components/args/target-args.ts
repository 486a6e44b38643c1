import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { dockerName, dockerTarget, kubernetesName, localTarget } from "../../spec/index.ts";
import type { ExclusiveUnion } from "../exclusive-union.ts";
import { type KubernetesTargetArgs, kubernetesArgs } from "./kubernetes-args.ts";
import { exclusive, leaf, optional, text } from "./schema.ts";

/** Jobs run as processes of the machine where Pulumi or the command line runs. */
export interface LocalTargetArgs {
  /**
   * An absolute directory for the journals, locks and records of restores. Everybody who restores onto this target
   * must use the same one. @default "/var/lib/restorable"
   */
  readonly ledger?: pulumi.Input<string> | undefined;
  /** An absolute directory where `pg_restore` may put a scratch copy. @default the ledger */
  readonly scratch?: pulumi.Input<string> | undefined;
}

/** What the containers of jobs join. */
export type DockerNetworkChoice = ExclusiveUnion<{
  /** A network of the host: the application's. */
  network: pulumi.Input<string>;
  /** A container, by its name: where PostgreSQL listens only on `localhost` inside it. */
  networkOf: pulumi.Input<string>;
}>;

export interface DockerTargetOptions {
  /** How the engine is reached, as DOCKER_HOST has it. @default "unix:///var/run/docker.sock" */
  readonly host?: pulumi.Input<string> | undefined;
  /**
   * Who takes backups, `<uid>:<gid>` in numbers. Without any capability it reads what this user may read: for files of
   * several owners that others may not read, name root's `0:0` only if those files belong to root. @default "10001:10001"
   */
  readonly user?: pulumi.Input<string> | undefined;
  /** Bytes of memory that one container may use. @default 1 GiB */
  readonly memory?: pulumi.Input<number> | undefined;
  /** The volume for the journals, locks, records and scratch copies of restores. @default `restorable_<project>_<stack>_<plan>_ledger` */
  readonly ledger?: pulumi.Input<string> | undefined;
}

/** Jobs run as containers on a Docker host. */
export type DockerTargetArgs = DockerNetworkChoice & DockerTargetOptions;

/** Where jobs run. */
export type TargetChoice = ExclusiveUnion<{
  local: LocalTargetArgs;
  docker: DockerTargetArgs;
  kubernetes: KubernetesTargetArgs;
}>;

/** The program that runs jobs where it cannot be taken from this package. */
export interface RunnerArgs {
  /** An image made from this package's Dockerfile, by a tag or a digest that the host or the cluster has or can pull. */
  readonly image: pulumi.Input<string>;
  /** Secrets of the namespace with which a cluster pulls it. Only with `target: { kubernetes }`. @default none */
  readonly pullSecrets?: readonly pulumi.Input<string>[] | undefined;
}

const { shape: docker } = dockerTarget;

export const targetArgs = exclusive({
  local: z.strictObject({ ledger: optional(localTarget.shape.ledger), scratch: optional(localTarget.shape.ledger) }),
  docker: exclusive(
    { network: leaf(dockerName), networkOf: leaf(dockerName) },
    {
      host: optional(docker.host),
      user: optional(docker.user.unwrap()),
      memory: optional(docker.memory.unwrap()),
      ledger: optional(docker.ledger),
    },
  ),
  kubernetes: kubernetesArgs,
});

export const runnerArgs = z.strictObject({
  image: leaf(text),
  pullSecrets: z.array(leaf(kubernetesName)).optional(),
});
