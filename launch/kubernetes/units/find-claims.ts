import type { V1PersistentVolumeClaim, V1Pod } from "@kubernetes/client-node";
import {
  isRequested,
  JobError,
  type PostgresSource,
  type QuiescedClaim,
  type QuiescedWorkload,
  type Request,
  recreatedClaims,
} from "../../../spec/index.ts";
import { findClaim } from "../check-namespace.ts";
import type { Cluster } from "../cluster.ts";
import { clusterError, isRefusal } from "../cluster-error.ts";
import type { KubernetesPlan } from "../target.ts";
import { runningWorkload } from "./scaling.ts";

const UNTOUCHED = "nothing was touched";

/**
 * What a request deletes and makes again: claims of StatefulSets of one pod, in each of which is a database that the same
 * request restores.
 * @throws JobError `missing-volume`; `cannot-swap` where it would not come back empty, or at all; `wrong-target` where
 * something else than those databases is on it
 */
export const findClaims = async (
  cluster: Cluster,
  plan: KubernetesPlan,
  request: Request,
): Promise<readonly QuiescedClaim[]> => {
  const pods = await runningPods(cluster);
  const found: QuiescedClaim[] = [];
  const holders = new Map<string, V1Pod>();
  for (const name of recreatedClaims(request)) {
    const claim = await readClaim(cluster, name);
    const pod = holderOf(claim, pods);
    holders.set(name, pod);
    found.push(quiesced(claim, await statefulSetOf(cluster, name, pod)));
  }
  await refuseOthers(cluster, plan, request, holders);
  return found;
};

const runningPods = async (cluster: Cluster): Promise<readonly V1Pod[]> => {
  const { core, namespace } = cluster;
  try {
    const { items } = await core.listNamespacedPod({ namespace });
    return items.filter(({ status }) => !["Succeeded", "Failed"].includes(status?.phase ?? ""));
  } catch (cause) {
    throw clusterError(cluster, "its pods could not be listed", cause);
  }
};

const readClaim = async (cluster: Cluster, name: string): Promise<V1PersistentVolumeClaim> => {
  const claim = await findClaim(cluster, name);
  if (!claim) {
    const fact = `there is no volume claim '${name}' in ${cluster.text}`;
    throw new JobError("missing-volume", fact, `\`kubectl get persistentvolumeclaims\` shows them; ${UNTOUCHED}`);
  }
  const why = whyNotEmpty(claim);
  if (why === undefined) return claim;
  throw new JobError(
    "cannot-swap",
    `the claim '${name}' would not come back empty: ${why}`,
    `restore without \`recreateClaims\`: that empties the database itself; ${UNTOUCHED}`,
  );
};

/** A volume that somebody made by hand stays with its data, and no new claim gets it; a provisioner makes a fresh one. */
const whyNotEmpty = ({ metadata, spec, status }: V1PersistentVolumeClaim): string | undefined => {
  if (status?.phase !== "Bound") return `it is ${status?.phase ?? "not bound"}`;
  if (spec?.dataSource || spec?.dataSourceRef) return "it is filled from another volume or a snapshot";
  const provisioned = Object.keys(metadata?.annotations ?? {}).some((key) => PROVISIONER.test(key));
  return provisioned ? undefined : `its volume '${spec?.volumeName}' was made by hand, and not by a provisioner`;
};

/** By whom the cluster let make the volume. */
const PROVISIONER = /^volume\.(beta\.)?kubernetes\.io\/storage-provisioner$/;
/** What the cluster notes about the volume that a claim has. */
const OF_THE_VOLUME = /^pv\.kubernetes\.io\/|^volume\.(beta\.)?kubernetes\.io\/(storage-provisioner|selected-node)$/;

const holderOf = ({ metadata }: V1PersistentVolumeClaim, pods: readonly V1Pod[]): V1Pod => {
  const name = metadata?.name ?? "";
  const using = pods.filter(({ spec }) =>
    spec?.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === name),
  );
  const [pod] = using;
  if (pod && using.length === 1) return pod;
  const names = using.map((each) => each.metadata?.name).join(", ") || "no pod";
  const fact = `exactly one pod has to have the claim '${name}', that of its database; ${names} has it`;
  throw new JobError("cannot-swap", fact, `stop the others, and see that the database runs; ${UNTOUCHED}`);
};

const statefulSetOf = async (cluster: Cluster, claim: string, { metadata }: V1Pod): Promise<QuiescedWorkload> => {
  const owner = metadata?.ownerReferences?.find(({ kind }) => kind === "StatefulSet");
  const unit = { kind: "workload", resource: "StatefulSet", name: owner?.name ?? "" } as const;
  const [running] = owner ? await runningWorkload(cluster, unit) : [];
  if (running?.kind === "workload" && running.replicas === 1) return running;
  const whose = owner
    ? `StatefulSet '${owner.name}', which has ${running ? "several pods" : "no pod"}`
    : "no StatefulSet";
  const fact = `the pod '${metadata?.name}', which has the claim '${claim}', belongs to ${whose}`;
  throw new JobError("cannot-swap", fact, `only the claim of a StatefulSet of one pod can be made anew; ${UNTOUCHED}`);
};

const quiesced = ({ metadata, spec }: V1PersistentVolumeClaim, workload: QuiescedWorkload): QuiescedClaim => {
  const { volumeName: _, ...rest } = spec ?? {};
  const annotations = Object.entries(metadata?.annotations ?? {}).filter(([key]) => !OF_THE_VOLUME.test(key));
  return {
    kind: "claim",
    name: metadata?.name ?? "",
    uid: metadata?.uid ?? "",
    workload,
    labels: metadata?.labels ?? {},
    annotations: Object.fromEntries(annotations),
    spec: JSON.parse(JSON.stringify(rest)) as Record<string, unknown>,
  };
};

/** On each claim is a database that this request restores, and each of those databases is on one of the claims. */
const refuseOthers = async (
  cluster: Cluster,
  plan: KubernetesPlan,
  request: Request,
  holders: ReadonlyMap<string, V1Pod>,
): Promise<void> => {
  const served = new Set<string>();
  for (const source of plan.sources) {
    if (source.kind !== "postgres" || !isRequested(request, source)) continue;
    const selector = await selectorOf(cluster, source);
    const claim = [...holders].find(([, pod]) => selector && isSelected(pod, selector))?.[0];
    if (claim === undefined) {
      const fact = `the pod behind '${source.host}', from which '${source.name}' is taken, has none of the claims ${[...holders.keys()].join(", ")}`;
      const hint = `name the claim of every database that is restored, or fewer \`sources\`; ${UNTOUCHED}`;
      throw new JobError("wrong-target", fact, hint);
    }
    served.add(claim);
  }
  const stray = [...holders.keys()].find((claim) => !served.has(claim));
  if (stray === undefined) return;
  const fact = `no database that this request restores is on the claim '${stray}'`;
  throw new JobError("wrong-target", fact, `name the claims of the restored databases only; ${UNTOUCHED}`);
};

/** Of the service that a source is reached by, where that is one of this namespace. */
const selectorOf = async (
  cluster: Cluster,
  { host }: PostgresSource,
): Promise<Readonly<Record<string, string>> | undefined> => {
  const { core, namespace } = cluster;
  const [name = "", of = namespace] = host.split(".");
  if (of !== namespace) return undefined;
  try {
    return (await core.readNamespacedService({ namespace, name })).spec?.selector;
  } catch (cause) {
    if (isRefusal(cause, 404)) return undefined;
    throw clusterError(cluster, `the service '${name}' could not be looked at`, cause);
  }
};

const isSelected = ({ metadata }: V1Pod, selector: Readonly<Record<string, string>>): boolean =>
  Object.entries(selector).every(([key, value]) => metadata?.labels?.[key] === value);
