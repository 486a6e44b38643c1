import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { dockerName, kubernetesLabel, kubernetesName, probe, quiesce } from "../../spec/index.ts";
import type { ExclusiveUnion } from "../exclusive-union.ts";
import { argvList, argv as argvSchema, exclusive, leaf, optional, text } from "./schema.ts";

/** A program and its arguments; no shell is in between. */
export type ArgvArgs = readonly pulumi.Input<string>[];

/** Every running container of a compose project. */
export interface ComposeUnitArgs {
  /** As the label `com.docker.compose.project` has it. */
  readonly project: pulumi.Input<string>;
  /** Services that go on, because the restore needs them: the database. @default none */
  readonly keep?: readonly pulumi.Input<string>[] | undefined;
}

/** Processes inside a container that itself goes on. */
export interface ExecUnitArgs {
  readonly container: pulumi.Input<string>;
  readonly stop: ArgvArgs;
  readonly start: ArgvArgs;
  /** Must exit 0 once they are gone. @default what `stop` says is believed */
  readonly stopped?: ArgvArgs | undefined;
  /** @default the container's own user */
  readonly user?: pulumi.Input<string> | undefined;
}

/** Programs of the Docker host itself, reached by ssh where its engine is. */
export interface HostUnitArgs {
  readonly stop: ArgvArgs;
  readonly start: ArgvArgs;
}

/** One thing that is stopped before a restore replaces data, and started again afterwards: the first four on a Docker host, the others in a cluster. */
export type QuiesceUnitChoice = ExclusiveUnion<{
  /** A whole container, by its name. */
  container: pulumi.Input<string>;
  compose: ComposeUnitArgs;
  exec: ExecUnitArgs;
  host: HostUnitArgs;
  /** All pods of a Deployment, by its name. */
  deployment: pulumi.Input<string>;
  /** All pods of a StatefulSet, by its name. */
  statefulSet: pulumi.Input<string>;
}>;

export interface ExecProbeArgs {
  readonly container: pulumi.Input<string>;
  /** Must exit 0. */
  readonly argv: ArgvArgs;
  /** @default the container's own user */
  readonly user?: pulumi.Input<string> | undefined;
}

/** A program inside a ready pod of a workload. */
export interface PodProbeArgs {
  /** Of the Deployment or the StatefulSet. */
  readonly name: pulumi.Input<string>;
  /** @default the pod's first container */
  readonly container?: pulumi.Input<string> | undefined;
  /** Must exit 0. */
  readonly argv: ArgvArgs;
}

/** What must answer before an application counts as running. */
export type ProbeChoice = ExclusiveUnion<{
  /** A URL that must answer the operator's machine with a status below 400. */
  http: pulumi.Input<string>;
  exec: ExecProbeArgs;
  deployment: PodProbeArgs;
  statefulSet: PodProbeArgs;
}>;

/** What stops and starts the application around a restore. */
export interface QuiesceArgs {
  /** Programs of the operator's machine, before the units are stopped. */
  readonly stop?: readonly ArgvArgs[] | undefined;
  /** The same, after the units were started. */
  readonly start?: readonly ArgvArgs[] | undefined;
  /** Stopped in this order, started in the opposite one. Not with `target: { local }`. @default none */
  readonly units?: readonly QuiesceUnitChoice[] | undefined;
  /** Seconds that everything must stay stopped before the swap, so that whatever starts it again is noticed. @default 0 */
  readonly quietSeconds?: pulumi.Input<number> | undefined;
  /** Must exit 0 within `timeoutSeconds` after the start. */
  readonly probe?: ArgvArgs | undefined;
  /** Must all answer within `timeoutSeconds` after the start. Not with `target: { local }`; `exec` only with `target: { docker }`, the last two only in a cluster. @default none */
  readonly probes?: readonly ProbeChoice[] | undefined;
  /** Seconds for each program, and for the probes to succeed. @default 120 */
  readonly timeoutSeconds?: pulumi.Input<number> | undefined;
}

const name = leaf(dockerName);
const [http] = probe.options;
const inPod = z.strictObject({ name: leaf(kubernetesName), container: optional(kubernetesLabel), argv: argvSchema });

const unit = exclusive({
  container: name,
  compose: z.strictObject({ project: name, keep: z.array(leaf(text)).optional() }),
  exec: z.strictObject({
    container: name,
    stop: argvSchema,
    start: argvSchema,
    stopped: argvSchema.optional(),
    user: optional(text),
  }),
  host: z.strictObject({ stop: argvSchema, start: argvSchema }),
  deployment: leaf(kubernetesName),
  statefulSet: leaf(kubernetesName),
});

export const quiesceArgs = z.strictObject({
  stop: argvList.optional(),
  start: argvList.optional(),
  units: z.array(unit).optional(),
  quietSeconds: optional(quiesce.shape.quietSeconds.unwrap()),
  probe: argvSchema.optional(),
  probes: z
    .array(
      exclusive({
        http: leaf(http.shape.url),
        exec: z.strictObject({ container: name, argv: argvSchema, user: optional(text) }),
        deployment: inPod,
        statefulSet: inPod,
      }),
    )
    .optional(),
  timeoutSeconds: optional(quiesce.shape.timeoutSeconds.unwrap()),
});
