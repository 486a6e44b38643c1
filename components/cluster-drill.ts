import { CronJob } from "@pulumi/kubernetes/batch/v1/cronJob.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1/networkPolicy.js";
import * as pulumi from "@pulumi/pulumi";
import { clusterLabels, clusterName, planLabels } from "../spec/index.ts";
import type { CronJobArgs, KubernetesTargetArgs } from "./args/kubernetes-args.ts";
import { clusterProvider, digestOf } from "./cluster.ts";
import { configurationAnnotation, onlyEgress } from "./render/cluster-runs.ts";
import { cronJob } from "./render/cron-job.ts";
import { type Drilled, drillJobOf, filesFor, openJobOf } from "./render/drill-jobs.ts";
import { type DrillPod, drillPodSpec } from "./render/drill-pod.ts";
import type { PlanIdentity } from "./render/target.ts";

export interface ClusterDrillArgs {
  readonly identity: PlanIdentity;
  readonly target: Pick<KubernetesTargetArgs, "namespace" | "kubeconfig" | "context">;
  readonly run: CronJobArgs;
  readonly drilled: pulumi.Inputs & { readonly [K in keyof Omit<Drilled, "server">]: pulumi.Input<Drilled[K]> };
  readonly pod: pulumi.Output<Pick<DrillPod, "target" | "server" | "storage">>;
  readonly secrets: pulumi.Output<Readonly<Record<string, string>>>;
}

/**
 * Declares a drill in its namespace: a CronJob, what its two containers are told, and what its pods may reach.
 * @returns the name of all of them
 */
export const clusterDrill = (
  name: string,
  { identity, target, run, drilled, pod, secrets }: ClusterDrillArgs,
  parent: pulumi.ComponentResource,
): pulumi.Output<string> => {
  const opts = { parent, provider: clusterProvider(name, target, parent) };
  const object = clusterName(identity);
  const labels = { ...clusterLabels(planLabels(identity)), "restorable.role": "drill" };
  const metadata = (end = "") => ({ name: `${object}${end}`, namespace: target.namespace, labels });
  const known = pulumi.all([drilled, pod]).apply(
    ([{ repository, plan, declared, schedule, checks }, { server }]): Drilled => ({
      repository,
      plan,
      declared,
      schedule,
      checks,
      server: server !== undefined,
    }),
  );
  const [opening, drilling] = [openJobOf, drillJobOf].map((jobOf) =>
    pulumi.secret(pulumi.all([known, secrets]).apply(([value, values]) => filesFor(jobOf(value), values))),
  ) as [pulumi.Output<ReturnType<typeof filesFor>>, pulumi.Output<ReturnType<typeof filesFor>>];

  const key = new Secret(`${name}-key`, { metadata: metadata("-key"), stringData: opening.files }, opts);
  const job = new Secret(`${name}-job`, { metadata: metadata(), stringData: drilling.files }, opts);
  // Their content is none that could be guessed: keys are in it.
  const digest = pulumi.unsecret(
    pulumi.all([opening.files, drilling.files]).apply(([a, b]) => digestOf({ ...a, ...b })),
  );
  const told = pulumi.unsecret(
    drilling.apply(({ folder, args }) => ({ folder, args, open: `${object}-key`, drill: object })),
  );
  const spec = pulumi.all([known, pod, told, digest]).apply(([value, ofPod, ofJobs, sum]) => ({
    network: onlyEgress(labels, {
      sources: value.declared?.sources.filter(({ kind }) => kind === "objects") ?? [],
      repository: value.repository,
      target: ofPod.target,
    }),
    cronJob: cronJob(value.schedule, run, {
      labels,
      annotations: configurationAnnotation(identity, sum),
      spec: drillPodSpec({ ...ofPod, drilled: value, told: ofJobs }),
    }),
  }));
  const policy = new NetworkPolicy(`${name}-network`, { metadata: metadata(), spec: spec.network }, opts);
  const cron = new CronJob(
    `${name}-runs`,
    { metadata: metadata(), spec: spec.cronJob },
    { ...opts, dependsOn: [key, job, policy] },
  );
  return cron.metadata.name;
};
