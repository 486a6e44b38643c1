import type { CoreV1Event, V1Job, V1Pod } from "@kubernetes/client-node";
import { JobError } from "../../spec/index.ts";
import type { Cluster } from "./cluster.ts";
import { CONTAINER } from "./job-object.ts";

/** How far the pod of a job is. */
export type PodState =
  /** Its container does not run yet; `why` where the cluster names something that is in the way. */
  | { readonly kind: "waits"; readonly why?: string }
  | { readonly kind: "runs"; readonly pod: string }
  | { readonly kind: "ended"; readonly pod: string; readonly how: Ended }
  | { readonly kind: "gone"; readonly why?: string };

/** How a container ended. */
export interface Ended {
  /** Of the pod or of the container: `OOMKilled`, `Evicted`, `Error`. */
  readonly reason: string;
  readonly message: string;
  readonly exit?: number;
}

export const podState = async (cluster: Cluster, job: V1Job): Promise<PodState> => {
  const pod = await newestPod(cluster, job.metadata?.name ?? "");
  if (pod) return stateOf(pod, () => warningAbout(cluster, pod.metadata?.uid));
  const failed = job.status?.conditions?.find(({ type, status }) => type === "Failed" && status === "True");
  if (failed || (job.status?.failed ?? 0) > 0)
    return { kind: "gone", ...(failed?.message ? { why: failed.message } : {}) };
  const why = await warningAbout(cluster, job.metadata?.uid);
  return { kind: "waits", ...(why === undefined ? {} : { why }) };
};

const newestPod = async (cluster: Cluster, job: string): Promise<V1Pod | undefined> => {
  const { items } = await cluster.core.listNamespacedPod({
    namespace: cluster.namespace,
    labelSelector: `batch.kubernetes.io/job-name=${job}`,
  });
  return items.toSorted((a, b) => made(a) - made(b)).at(-1);
};

const made = ({ metadata }: V1Pod): number => metadata?.creationTimestamp?.getTime() ?? 0;

const stateOf = async (pod: V1Pod, warning: () => Promise<string | undefined>): Promise<PodState> => {
  const { status, metadata } = pod;
  const name = metadata?.name ?? "";
  const container = status?.containerStatuses?.find((each) => each.name === CONTAINER);
  const { terminated, running, waiting } = container?.state ?? {};
  if (terminated) {
    const reason = status?.reason ?? terminated.reason ?? "";
    return ended(name, { reason, message: status?.message ?? terminated.message ?? "", exit: terminated.exitCode });
  }
  if (running) return { kind: "runs", pod: name };
  if (status?.phase === "Failed") return ended(name, { reason: status.reason ?? "", message: status.message ?? "" });
  // It is tried once more before that is called hopeless.
  if (waiting?.reason === "ErrImagePull") return { kind: "waits" };
  if (waiting?.reason !== undefined && HOPELESS.has(waiting.reason))
    throw hopeless(waiting.reason, waiting.message ?? "");
  const unscheduled = status?.conditions?.find(({ type, status: is }) => type === "PodScheduled" && is === "False");
  const why = unscheduled?.message ?? (await warning());
  return { kind: "waits", ...(why === undefined ? {} : { why }) };
};

const ended = (pod: string, how: Ended): PodState => ({ kind: "ended", pod, how });

/** What kubelet goes on trying, although it has just failed. */
const HOPELESS = new Set([
  "ImagePullBackOff",
  "ErrImageNeverPull",
  "InvalidImageName",
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
]);

const hopeless = (reason: string, message: string): JobError =>
  /Image/.test(reason)
    ? new JobError(
        "missing-image",
        `the runner's image cannot be pulled (${reason}): ${message}`,
        "correct the target's image or its imagePullSecrets, or bring the image to the nodes; nothing was touched",
      )
    : new JobError(
        "cannot-start",
        `the container of the job cannot be started (${reason}): ${message}`,
        "correct what is named here; nothing was touched",
      );

/** The newest warning about an object, where its events may be read. */
const warningAbout = async ({ core, namespace }: Cluster, uid: string | undefined): Promise<string | undefined> => {
  const fieldSelector = `involvedObject.uid=${uid},type=Warning`;
  const { items } = await core.listNamespacedEvent({ namespace, fieldSelector }).catch(() => ({ items: [] }));
  return items.toSorted((a, b) => seen(a) - seen(b)).at(-1)?.message;
};

const seen = ({ lastTimestamp, eventTime, metadata }: CoreV1Event): number =>
  (lastTimestamp ?? (eventTime as Date | undefined) ?? metadata.creationTimestamp)?.getTime() ?? 0;
