import type { V1ObjectMeta, V1Pod } from "@kubernetes/client-node";
import { JobError, type WorkloadUnit } from "../../../spec/index.ts";
import { type Cluster, MANAGER } from "../cluster.ts";
import { clusterError, isRefusal } from "../cluster-error.ts";

/** What of a Deployment or a StatefulSet matters to who scales it. */
export interface Workload {
  readonly metadata: V1ObjectMeta;
  /** How many pods it is to have. */
  readonly replicas: number;
  readonly ready: number;
  /** Whether its controller has seen the last change. */
  readonly isSeen: boolean;
  readonly selector: string;
}

type Named = Pick<WorkloadUnit, "resource" | "name">;

/** How many there were before a restore stopped it, on the object itself: for whoever comes after a launcher that was killed. */
export const REPLICAS = "restorable.replicas";
/** Which restore did that. */
export const STOPPED_BY = "restorable.stopped-by";

/** @throws JobError `missing-container`, `engine-unreachable`, `too-few-rights` */
export const readWorkload = async (cluster: Cluster, unit: Named): Promise<Workload> => {
  try {
    return await readRaw(cluster, unit);
  } catch (cause) {
    const what = `${unit.resource} '${unit.name}'`;
    if (!isRefusal(cause, 404)) throw clusterError(cluster, `${what} could not be looked at`, cause);
    const hint =
      "`kubectl get deployments,statefulsets` shows them; correct the plan's quiesce.units; nothing was touched";
    throw new JobError("missing-container", `there is no ${what} in ${cluster.text}`, hint, { cause });
  }
};

/** The same, with the server's own refusals. */
export const readRaw = async ({ apps, namespace }: Cluster, { resource, name }: Named): Promise<Workload> => {
  const {
    metadata = {},
    spec,
    status,
  } = resource === "Deployment"
    ? await apps.readNamespacedDeployment({ namespace, name })
    : await apps.readNamespacedStatefulSet({ namespace, name });
  return {
    metadata,
    replicas: spec?.replicas ?? 1,
    ready: status?.readyReplicas ?? 0,
    isSeen: (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0),
    selector: Object.entries(spec?.selector.matchLabels ?? {})
      .map((pair) => pair.join("="))
      .join(","),
  };
};

/** How many there were before somebody who never started it again stopped it. */
export const rememberedReplicas = ({ metadata, replicas }: Workload): number | undefined => {
  const remembered = Number(metadata.annotations?.[REPLICAS]);
  return replicas === 0 && remembered > 0 ? remembered : undefined;
};

/** Scales and annotates in one change, which is refused if somebody else has changed the object meanwhile. */
export const scaleWorkload = async (
  { apps, namespace, patch }: Cluster,
  { resource, name }: Named,
  { metadata: { resourceVersion } }: Workload,
  replicas: number,
  annotations: Readonly<Record<string, string | null>>,
): Promise<void> => {
  const body = { metadata: { resourceVersion, annotations }, spec: { replicas } };
  const request = { namespace, name, body, fieldManager: MANAGER };
  if (resource === "Deployment") await apps.patchNamespacedDeployment(request, patch.merge);
  else await apps.patchNamespacedStatefulSet(request, patch.merge);
};

/** Looks at an object whose status changes all the time, until one change comes in between them. */
const TRIES = 20;

/**
 * Gives the fields back that scaling has made ours: else whoever declares the number, such as Pulumi, is refused when it
 * changes it the next time.
 */
export const disown = async (cluster: Cluster, unit: Named): Promise<void> => {
  for (let left = TRIES; ; left -= 1) {
    try {
      return await disownOnce(cluster, unit);
    } catch (error) {
      const isOutdated = isRefusal(error, 409) || isRefusal(error, 422);
      if (!isOutdated || left === 1) throw error;
    }
  }
};

const disownOnce = async (cluster: Cluster, unit: Named): Promise<void> => {
  const { metadata } = await readRaw(cluster, unit);
  const others = (metadata.managedFields ?? []).filter(({ manager }) => manager !== MANAGER);
  if (others.length === 0 || others.length === metadata.managedFields?.length) return;
  const { apps, namespace, patch } = cluster;
  const body = [
    { op: "test", path: "/metadata/resourceVersion", value: metadata.resourceVersion },
    { op: "replace", path: "/metadata/managedFields", value: others },
  ];
  const request = { namespace, name: unit.name, body };
  if (unit.resource === "Deployment") await apps.patchNamespacedDeployment(request, patch.json);
  else await apps.patchNamespacedStatefulSet(request, patch.json);
};

/** Its pods that may still write, also those that are being ended. */
export const podsOf = async (
  cluster: Cluster,
  unit: Named,
  { selector, metadata }: Workload,
): Promise<readonly V1Pod[]> => {
  const { core, namespace } = cluster;
  try {
    const { items } = await core.listNamespacedPod({ namespace, labelSelector: selector });
    return items.filter(
      (pod) => !["Succeeded", "Failed"].includes(pod.status?.phase ?? "") && isOwned(pod, unit, metadata.uid),
    );
  } catch (cause) {
    throw clusterError(cluster, `the pods of ${unit.resource} '${unit.name}' could not be listed`, cause);
  }
};

/** A Deployment's pods belong to its ReplicaSets, whose names begin with its own. */
const isOwned = ({ metadata }: V1Pod, { resource, name }: Named, uid: string | undefined): boolean =>
  (metadata?.ownerReferences ?? []).some((owner) =>
    resource === "StatefulSet" ? owner.uid === uid : owner.kind === "ReplicaSet" && owner.name.startsWith(`${name}-`),
  );
