import { setTimeout as pause } from "node:timers/promises";
import type { V1Job } from "@kubernetes/client-node";
import { clusterLabels, JobError, LABEL, planLabels } from "../../spec/index.ts";
import type { FoundJob, JobsOn } from "../found-job.ts";
import type { Secrets } from "../run-job.ts";
import { type Cluster, connectCluster } from "./cluster.ts";
import { clusterError, isRefusal } from "./cluster-error.ts";
import { followJob } from "./follow.ts";
import { GRACE } from "./job-object.ts";
import { jobLog, sidecarLog } from "./logs.ts";
import type { KubernetesPlan } from "./target.ts";

/** The Jobs of a plan in its namespace, also those of its CronJob. Each throws JobError `engine-unreachable`, `too-few-rights`. */
export const kubernetesJobs = (plan: KubernetesPlan, secrets: Secrets): JobsOn => {
  const connect = () => connectCluster(plan.target, secrets);
  return {
    place: `namespace '${plan.target.namespace}'`,
    list: async () => jobsIn(await connect(), plan),
    follow: async ({ id, kind, container }, options) =>
      followJob({ id, kind, cluster: await connect(), name: container }, options),
    remove: async ({ container }) => removeJob(await connect(), container),
    log: async ({ container }) => jobLog(await connect(), container),
    schedulerLog: async () => sidecarLog(await connect(), plan),
  };
};

export const jobsIn = async (cluster: Cluster, plan: KubernetesPlan): Promise<readonly FoundJob[]> => {
  const labels = Object.entries(clusterLabels(planLabels(plan)));
  const labelSelector = labels.map((pair) => pair.join("=")).join(",");
  try {
    const { items } = await cluster.batch.listNamespacedJob({ namespace: cluster.namespace, labelSelector });
    return items.map(foundJob).sort((a, b) => a.began.getTime() - b.began.getTime());
  } catch (cause) {
    throw clusterError(cluster, "its jobs could not be listed", cause);
  }
};

/** Labels are cut where a cluster takes no more; the whole words are in the annotations. */
const foundJob = ({ metadata, spec, status }: V1Job): FoundJob => {
  const words = { ...metadata?.labels, ...metadata?.annotations };
  const name = metadata?.name ?? "";
  const [action, request] = [words[LABEL.action], words[LABEL.request]];
  const over = status?.conditions?.find(
    ({ type, status: is }) => is === "True" && (type === "Complete" || type === "Failed"),
  );
  const ended = status?.completionTime ?? over?.lastTransitionTime;
  return {
    id: words[LABEL.job] ?? name,
    kind: words[LABEL.kind] ?? "backup",
    ...(action === undefined ? {} : { action }),
    ...(request === undefined ? {} : { request }),
    state: over ? "ended" : spec?.suspend ? "unstarted" : "runs",
    ...(over ? { succeeded: over.type === "Complete" } : {}),
    ...(over && ended ? { ended } : {}),
    ...(words[LABEL.job] === undefined ? { scheduled: true } : {}),
    began: status?.startTime ?? metadata?.creationTimestamp ?? new Date(0),
    container: name,
  };
};

/** A Job with its pods and its Secret; what is gone already is as it should be. */
export const removeJob = (cluster: Cluster, name: string): Promise<void> => remove(cluster, name, "Background");

/** Milliseconds between two looks, and seconds after the time that a pod has to end, at a Job that is being deleted. */
const [LOOK_EVERY, SLACK] = [250, 30];

/**
 * The same, and waits until its pod has ended: one whose result nobody has read may run, although its cluster does not say
 * so yet (kubelet's word comes a second or more after the start).
 * @throws JobError `process-failed` when the pod does not end in its time
 */
export const endJob = async (cluster: Cluster, name: string): Promise<void> => {
  const { batch, namespace, text } = cluster;
  await remove(cluster, name, "Foreground");
  const end = performance.now() + (GRACE + SLACK) * 1000;
  while (await batch.readNamespacedJob({ namespace, name }).catch(unlessGone)) {
    if (performance.now() > end) throw stillThere(text, name);
    await pause(LOOK_EVERY);
  }
};

const remove = async (
  { batch, core, namespace }: Cluster,
  name: string,
  propagationPolicy: "Background" | "Foreground",
): Promise<void> => {
  await batch.deleteNamespacedJob({ namespace, name, propagationPolicy }).catch(unlessGone);
  await core.deleteNamespacedSecret({ namespace, name }).catch(unlessGone);
};

const stillThere = (place: string, name: string): JobError =>
  new JobError(
    "process-failed",
    `the pod of ${name} in ${place} was told to end and has not done so within ${GRACE + SLACK} s`,
    "see what holds it with kubectl describe, and run nothing else with this plan until it is gone",
  );

export const unlessGone = (error: unknown): undefined => {
  if (!isRefusal(error, 404)) throw error;
};
