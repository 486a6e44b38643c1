import type { V1Pod } from "@kubernetes/client-node";
import { clusterName } from "../../spec/index.ts";
import type { Cluster } from "./cluster.ts";
import { clusterError } from "./cluster-error.ts";
import { CONTAINER } from "./job-object.ts";
import { podLog } from "./pod-log.ts";
import type { KubernetesPlan } from "./target.ts";

/** What the newest pod of a Job has logged; nothing where it is gone. */
export const jobLog = async (cluster: Cluster, job: string): Promise<readonly string[]> => {
  const pods = await podsOf(cluster, `batch.kubernetes.io/job-name=${job}`);
  const pod = pods.toSorted((a, b) => made(a) - made(b)).at(-1);
  return pod ? linesOf(cluster, pod, CONTAINER) : [];
};

/** What a plan's sidecar has logged since its container began; undefined where no pod has one. */
export const sidecarLog = async (cluster: Cluster, plan: KubernetesPlan): Promise<readonly string[] | undefined> => {
  if (plan.target.run !== "sidecar") return undefined;
  // Whoever took it in may have given the container another name; its volumes keep theirs.
  const name = clusterName(plan);
  const volume = `${name}-config`;
  for (const pod of await podsOf(cluster)) {
    const container = pod.spec?.containers.find((each) => each.volumeMounts?.some((mount) => mount.name === volume));
    if (container && pod.status?.phase === "Running") return linesOf(cluster, pod, container.name);
  }
  return undefined;
};

const podsOf = async ({ core, namespace, ...cluster }: Cluster, labelSelector?: string): Promise<readonly V1Pod[]> => {
  try {
    const { items } = await core.listNamespacedPod({ namespace, ...(labelSelector ? { labelSelector } : {}) });
    return items;
  } catch (cause) {
    throw clusterError({ namespace, ...cluster }, "its pods could not be listed", cause);
  }
};

const made = ({ metadata }: V1Pod): number => metadata?.creationTimestamp?.getTime() ?? 0;

const linesOf = async (cluster: Cluster, pod: V1Pod, container: string): Promise<readonly string[]> => {
  const lines: string[] = [];
  try {
    for await (const { text } of podLog(cluster, { pod: pod.metadata?.name ?? "", container, follow: false }))
      lines.push(text);
  } catch (cause) {
    throw clusterError(cluster, `the log of pod '${pod.metadata?.name}' could not be read`, cause);
  }
  return lines;
};
