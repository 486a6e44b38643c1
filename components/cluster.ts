import { createHash } from "node:crypto";
import { CronJob } from "@pulumi/kubernetes/batch/v1/cronJob.js";
import { PersistentVolumeClaim } from "@pulumi/kubernetes/core/v1/persistentVolumeClaim.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import { ServiceAccount } from "@pulumi/kubernetes/core/v1/serviceAccount.js";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1/networkPolicy.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { canonicalJson, clusterName, SCHEDULE_FILE, type SchedulerFile, SECRETS_FILE } from "../spec/index.ts";
import type { KubernetesTargetArgs, RunChoice } from "./args/kubernetes-args.ts";
import {
  type ClusterPlan,
  clusterObjectLabels,
  clusterScheduledPlan,
  cronJobSpec,
  networkPolicySpec,
} from "./render/cluster-runs.ts";
import { schedulerSecrets } from "./render/scheduler.ts";
import { type Sidecar, sidecar } from "./render/sidecar.ts";
import type { PlanIdentity } from "./render/target.ts";

export interface ClusterArgs {
  readonly identity: PlanIdentity;
  readonly target: KubernetesTargetArgs;
  readonly plan: pulumi.Output<ClusterPlan>;
  readonly secrets: pulumi.Output<Readonly<Record<string, string>>>;
  /** Whether anything is to run by itself. */
  readonly scheduled: boolean;
  readonly run: RunChoice | undefined;
}

const LEDGER_SIZE = "2Gi";

/**
 * Declares what a plan has in its namespace: the claim of its ledger and, with a schedule, what its runs are told and
 * the CronJob that runs it. A CronJob is only declared: nothing runs at an update.
 * @returns the sidecar where that is what runs it
 */
export const cluster = (
  name: string,
  args: ClusterArgs,
  parent: pulumi.ComponentResource,
): pulumi.Output<Sidecar> | undefined => {
  const { identity, target, scheduled, run } = args;
  const opts = { parent, provider: clusterProvider(name, target, parent) };
  const object = { name: clusterName(identity), namespace: target.namespace };
  ledger(name, args, opts);
  if (!scheduled) return undefined;

  const plan = args.plan.apply(clusterScheduledPlan);
  const labels = plan.apply((known) => clusterObjectLabels(known, "scheduler"));
  const metadata = { ...object, labels };
  const files = pulumi.secret(pulumi.all([plan, args.secrets]).apply(filesOf));
  // Its content is none that could be guessed: the signing key is in it.
  const digest = pulumi.unsecret(files.apply(digestOf));
  const secret = new Secret(`${name}-configuration`, { metadata, stringData: files }, opts);
  const { sidecar: beside, cronJob } = run ?? {};
  if (beside) return pulumi.all([plan, digest]).apply(([known, sum]) => sidecar(known, beside, sum));

  const account = new ServiceAccount(`${name}-account`, { metadata, automountServiceAccountToken: false }, opts);
  const policy = new NetworkPolicy(`${name}-network`, { metadata, spec: plan.apply(networkPolicySpec) }, opts);
  const spec = pulumi.all([plan, digest]).apply(([known, sum]) => cronJobSpec(known, cronJob ?? {}, sum));
  new CronJob(`${name}-runs`, { metadata, spec }, { ...opts, dependsOn: [secret, account, policy] });
  return undefined;
};

/** The objects are the plan's own, by fixed names: one that is there already is taken over, and its content updated. */
export const clusterProvider = (
  name: string,
  { kubeconfig, context }: Pick<KubernetesTargetArgs, "kubeconfig" | "context">,
  parent: pulumi.Resource,
): Provider =>
  new Provider(
    `${name}-cluster`,
    {
      kubeconfig: kubeconfig?.content === undefined ? kubeconfig?.file : pulumi.secret(kubeconfig.content),
      context,
      enableSecretMutable: true,
      upsertExistingObjects: true,
    },
    { parent },
  );

const ledger = (name: string, { target, plan }: ClusterArgs, opts: pulumi.CustomResourceOptions): void => {
  const { size = LEDGER_SIZE, storageClass } = target.ledger ?? {};
  new PersistentVolumeClaim(
    `${name}-ledger`,
    {
      metadata: {
        name: plan.target.ledger,
        namespace: target.namespace,
        labels: plan.apply((known) => clusterObjectLabels(known, "ledger")),
        // Many classes make a volume only for the first pod that mounts it.
        annotations: { "pulumi.com/skipAwait": "true" },
      },
      spec: {
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: size } },
        ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
      },
    },
    // It remembers which restores ran: the plan may go, what happened stays.
    { ...opts, retainOnDelete: true },
  );
};

/** Both files in one object, so that no run ever sees the one of before and the other of now. */
const filesOf = ([plan, values]: readonly [ClusterPlan, Readonly<Record<string, string>>]) => ({
  [fileName(SCHEDULE_FILE)]: `${canonicalJson({ version: 1, plan } satisfies SchedulerFile)}\n`,
  [fileName(SECRETS_FILE)]: `${canonicalJson(schedulerSecrets(plan, values))}\n`,
});

const fileName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** What says that it is another configuration. */
export const digestOf = (files: Readonly<Record<string, string>>): string =>
  createHash("sha256").update(canonicalJson(files)).digest("hex").slice(0, 16);

/** For whoever declares a plan in a cluster. */
export const ONLY_CLUSTER = {
  isInstance: Provider.isInstance,
  type: "kubernetes:batch/v1:CronJob",
  fact: "another Kubernetes provider was given; the cluster is `target.kubernetes`, and nothing else",
};
