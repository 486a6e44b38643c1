import type { Job, Source } from "../../spec/index.ts";
import type { Cluster } from "./cluster.ts";
import { clusterError } from "./cluster-error.ts";
import type { KubernetesPlan } from "./target.ts";
import { jobClaims } from "./volumes.ts";

/**
 * The sources beside whose pods a job has to run: those whose claims it mounts, and whose pods are there. Where a restore
 * has stopped them, any node may take the volume.
 */
export const neighbours = async (cluster: Cluster, plan: KubernetesPlan, job: Job): Promise<readonly Source[]> => {
  const mounted = jobClaims(plan, job).flatMap(({ claim, beside }) => (beside ? [claim] : []));
  const found: Source[] = [];
  for (const source of plan.sources) {
    if (source.kind !== "files" || source.mount?.kind !== "claim" || !source.mount.beside) continue;
    const { name, beside } = source.mount;
    if (mounted.includes(name) && (await isThere(cluster, beside))) found.push(source);
  }
  return found;
};

const isThere = async (cluster: Cluster, labels: Readonly<Record<string, string>>): Promise<boolean> => {
  const labelSelector = Object.entries(labels)
    .map((pair) => pair.join("="))
    .join(",");
  try {
    const { items } = await cluster.core.listNamespacedPod({ namespace: cluster.namespace, labelSelector });
    return items.some(({ status }) => status?.phase === "Running" || status?.phase === "Pending");
  } catch (cause) {
    throw clusterError(cluster, "its pods could not be listed", cause);
  }
};
