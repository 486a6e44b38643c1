import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { certificate, kubernetesLabel, kubernetesTarget } from "../../spec/index.ts";
import type { ExclusiveUnion } from "../exclusive-union.ts";
import { exclusive, leaf, optional, text } from "./schema.ts";

/** How a cluster is reached. */
export type KubeconfigChoice = ExclusiveUnion<{
  /** The text of a kubeconfig, as resources that make clusters give it; it is kept as a secret. */
  content: pulumi.Input<string>;
  /** A file of the machine where Pulumi and the command line run. */
  file: pulumi.Input<string>;
}>;

/** Where a restore keeps its journals, locks, records and scratch copies. */
export interface LedgerClaimArgs {
  /** The name of the PersistentVolumeClaim, which is declared with the plan and outlives it. @default `restorable-<project>-<stack>-<plan>-ledger` */
  readonly claim?: pulumi.Input<string> | undefined;
  /** How much it asks for. Restores with parallel jobs put a copy of the dump there where it fits. @default "2Gi" */
  readonly size?: pulumi.Input<string> | undefined;
  /** @default the cluster's own default */
  readonly storageClass?: pulumi.Input<string> | undefined;
}

/** One key of an object of the namespace. */
export interface KeyArgs {
  readonly name: pulumi.Input<string>;
  readonly key: pulumi.Input<string>;
}

/** A CA file as `tls` of a database and `ca` of a store name it, and what holds it. */
export type CertificateArgs = ExclusiveUnion<{ configMap: KeyArgs; secret: KeyArgs }> & {
  readonly path: pulumi.Input<string>;
};

/** Jobs run as pods in a namespace of a Kubernetes cluster. */
export interface KubernetesTargetArgs {
  /** It must exist. Its pods may be under Pod Security `restricted`. */
  readonly namespace: pulumi.Input<string>;
  /** @default what `kubectl` would use */
  readonly kubeconfig?: KubeconfigChoice | undefined;
  /** A context of the kubeconfig. @default its current one */
  readonly context?: pulumi.Input<string> | undefined;
  /**
   * Who takes backups, `<uid>:<gid>` in numbers. Without any capability it reads what this user may read: name the
   * application's where its files are for nobody else. @default "10001:10001"
   */
  readonly user?: pulumi.Input<string> | undefined;
  /** Bytes of memory that one job may use. @default 1 GiB */
  readonly memory?: pulumi.Input<number> | undefined;
  /** Cores that one job may use. @default 2 */
  readonly cpu?: pulumi.Input<number> | undefined;
  readonly ledger?: LedgerClaimArgs | undefined;
  /** Where the CA files come from that databases and the store name. @default none */
  readonly certificates?: readonly CertificateArgs[] | undefined;
}

export interface CronJobArgs {
  /** Hours that one run may take, its tries again included, before it is ended. @default 24 */
  readonly deadlineHours?: number | undefined;
  /** Hours that a run may begin late, because the cluster was down or another run took so long. @default 6 */
  readonly startingDeadlineHours?: number | undefined;
}

export interface SidecarArgs {
  /**
   * Names of the pod's own volumes by the claim that each mounts: `{ "storage-file-storage-0": "storage" }`. The sidecar
   * mounts those, because a pod that mounts one claim as two volumes does not start. @default the pod mounts none of them
   */
  readonly volumes?: Readonly<Record<string, string>> | undefined;
}

/** What runs a plan by its schedule in a cluster. */
export type RunChoice = ExclusiveUnion<{
  /** A pod of its own for each run. */
  cronJob: CronJobArgs;
  /**
   * A container in a pod of the application's, from the plan's output `sidecar`: where the schedule has seconds, or only
   * that pod may mount the volume.
   */
  sidecar: SidecarArgs;
}>;

const { shape } = kubernetesTarget;
const keyArgs = z.strictObject({ name: leaf(certificate.shape.name), key: leaf(certificate.shape.key) });
export const quantity = z.string().regex(/^[1-9]\d*(Ki|Mi|Gi|Ti|k|M|G|T)?$/, "expected a size such as 10Gi");
const hours = z.number().int().min(1).max(168);

export const kubernetesArgs = z.strictObject({
  namespace: leaf(shape.namespace),
  kubeconfig: exclusive({ content: leaf(text), file: leaf(text) }).optional(),
  context: optional(text),
  user: optional(shape.user.unwrap()),
  memory: optional(shape.memory.unwrap()),
  cpu: optional(shape.cpu.unwrap()),
  ledger: z
    .strictObject({ claim: optional(shape.ledger), size: optional(quantity), storageClass: optional(shape.ledger) })
    .optional(),
  certificates: z
    .array(exclusive({ configMap: keyArgs, secret: keyArgs }, { path: leaf(certificate.shape.path) }))
    .optional(),
});

export const cronJobArgs = z.strictObject({ deadlineHours: hours.optional(), startingDeadlineHours: hours.optional() });

export const runArgs = exclusive({
  cronJob: cronJobArgs,
  sidecar: z.strictObject({ volumes: z.record(certificate.shape.name, kubernetesLabel).optional() }),
});
