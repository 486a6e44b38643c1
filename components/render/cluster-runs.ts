import {
  besideAffinity,
  caFiles,
  certificateVolumes,
  clusterLabels,
  clusterName,
  confinement,
  distinctVolumes,
  type KubernetesTarget,
  type OfPlan,
  type Plan,
  type PodVolume,
  placesOf,
  planLabels,
  podResources,
  SCHEDULER_MOUNT,
  sourceVolumes,
  TMP_VOLUME,
} from "../../spec/index.ts";
import type { CronJobArgs } from "../args/kubernetes-args.ts";
import { cronJob } from "./cron-job.ts";
import { egress, type Reached } from "./egress.ts";
import { scheduledPlan } from "./scheduler.ts";

/** A plan in a cluster. */
export type ClusterPlan = Plan & { readonly target: KubernetesTarget };

/** What runs in a cluster are told of a plan: nothing of how the operator reaches that cluster. */
export const clusterScheduledPlan = (plan: ClusterPlan): ClusterPlan => {
  const { kubeconfig: _kubeconfig, context: _context, ...target } = plan.target;
  return { ...scheduledPlan(plan), target };
};

/** What says in the namespace whose an object is. */
export const clusterObjectLabels = (plan: Plan, role: "scheduler" | "ledger") => ({
  ...clusterLabels(planLabels(plan)),
  "restorable.role": role,
});

/** Where the runner finds what it is told, from the plan's Secret. Whoever is in its container may read it, and nobody else is. */
const configurationVolume = (plan: Plan): PodVolume => ({
  volume: { name: "config", secret: { secretName: clusterName(plan), defaultMode: 0o444 } },
  mount: { name: "config", mountPath: SCHEDULER_MOUNT, readOnly: true },
});

/** All that a runner's container has mounted. */
export const runVolumes = (plan: ClusterPlan): readonly PodVolume[] => [
  configurationVolume(plan),
  TMP_VOLUME,
  ...sourceVolumes(plan.sources, true),
  ...certificateVolumes(plan.target, caFiles(plan.sources, placesOf(plan))),
];

/** A runner's container, all but its volumes. */
export const runContainer = ({ target }: ClusterPlan, mode: "once" | "schedule") => ({
  image: target.image,
  args: [mode],
  securityContext: confinement(target),
  resources: podResources(target),
  // `kubectl describe` says why it ended.
  terminationMessagePolicy: "FallbackToLogsOnError",
});

/** The annotation that says what configuration a pod began with. */
export const configurationAnnotation = (plan: OfPlan, digest: string): Readonly<Record<string, string>> => ({
  [`restorable.configuration/${clusterName(plan)}`]: digest,
});

/** A plan's CronJob. */
export const cronJobSpec = (plan: ClusterPlan, run: CronJobArgs, digest: string) =>
  cronJob(plan.schedule, run, {
    labels: clusterObjectLabels(plan, "scheduler"),
    annotations: configurationAnnotation(plan, digest),
    spec: podSpec(plan),
  });

const podSpec = (plan: ClusterPlan) => {
  const volumes = runVolumes(plan);
  const affinity = besideAffinity(plan.sources);
  return {
    restartPolicy: "Never",
    serviceAccountName: clusterName(plan),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    // A backup that is told to stop gives its lease back.
    terminationGracePeriodSeconds: 60,
    ...(plan.target.imagePullSecrets.length > 0
      ? { imagePullSecrets: plan.target.imagePullSecrets.map((name) => ({ name })) }
      : {}),
    ...(affinity ? { affinity } : {}),
    volumes: distinctVolumes(volumes),
    containers: [{ name: "runner", ...runContainer(plan, "once"), volumeMounts: volumes.map(({ mount }) => mount) }],
  };
};

/** Nobody connects to the pods of a plan's runs, and they reach what they need and nothing else. */
export const networkPolicySpec = (plan: ClusterPlan) => onlyEgress(clusterObjectLabels(plan, "scheduler"), plan);

/** Pods with these labels: nobody connects to them, and they reach these sources and this repository. */
export const onlyEgress = (labels: Readonly<Record<string, string>>, reached: Reached) => ({
  podSelector: { matchLabels: labels },
  policyTypes: ["Ingress", "Egress"],
  ingress: [],
  egress: egress(reached),
});
