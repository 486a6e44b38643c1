import type { V1Job, V1PodSpec, V1Secret, V1Volume, V1VolumeMount } from "@kubernetes/client-node";
import {
  clusterLabels,
  confinement,
  distinctVolumes,
  type Job,
  type JobFiles,
  jobLabels,
  type PodVolume,
  podResources,
  TMP_VOLUME,
} from "../../spec/index.ts";
import type { KubernetesPlan } from "./target.ts";
import { jobVolumes } from "./volumes.ts";

/** The name of the container in a job's pod. */
export const CONTAINER = "runner";

const DAY = 86_400;
/** Seconds after which a job that nobody asked for any more goes by itself, with its pod, its log and its Secret. */
const KEPT = 7 * DAY;
/** Seconds after which a job counts as hung, whatever it does: a dump and a restore of terabytes take days. */
const LONGEST = 7 * DAY;
/** Seconds from the word to stop until it is killed: a restore goes to a safe state first. */
export const GRACE = 120;
const ROOT = "0";
/** What a restore of files does as root, as on a Docker host. */
const RESTORING = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID"];

/** What is known of the namespace when a job is placed. */
export interface Placement {
  readonly id: string;
  /** On which nodes it may run; undefined for any. */
  readonly affinity: V1PodSpec["affinity"];
  /** Whether every claim that it may write is this plan's own, and none the application's. */
  readonly isOwn: boolean;
}

/**
 * The Job of one job. It is suspended: its Secret has to be there first, and belongs to it, so that the one never stays
 * without the other. It never runs a second time.
 */
export const jobObject = (
  plan: KubernetesPlan,
  { id, affinity, isOwn }: Placement,
  job: Job,
  input: JobFiles,
): V1Job => {
  const labels = jobLabels(plan, id, job);
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: jobName(id), labels: clusterLabels(labels), annotations: labels },
    spec: {
      suspend: true,
      backoffLimit: 0,
      completions: 1,
      parallelism: 1,
      activeDeadlineSeconds: LONGEST,
      ttlSecondsAfterFinished: KEPT,
      template: {
        metadata: { labels: clusterLabels(labels), annotations: labels },
        spec: podSpec(plan, job, jobName(id), input, { affinity, isOwn }),
      },
    },
  };
};

export const jobName = (id: string): string => `restorable-${id}`;

/** What the job is told; it belongs to the Job, and goes with it at the latest. */
export const jobSecret = (made: V1Job, input: JobFiles): V1Secret => {
  const { name = "", uid = "", labels = {} } = made.metadata ?? {};
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name,
      labels,
      ownerReferences: [
        { apiVersion: "batch/v1", kind: "Job", name, uid, controller: true, blockOwnerDeletion: false },
      ],
    },
    immutable: true,
    stringData: { ...input.files },
  };
};

const podSpec = (
  plan: KubernetesPlan,
  job: Job,
  secretName: string,
  input: JobFiles,
  { affinity, isOwn }: Omit<Placement, "id">,
): V1PodSpec => {
  const { target } = plan;
  const told: PodVolume = {
    volume: { name: "job", secret: { secretName, defaultMode: 0o444 } },
    mount: { name: "job", mountPath: input.folder, readOnly: true },
  };
  const volumes = [TMP_VOLUME, told, ...jobVolumes(plan, job)];
  const [uid, gid] = target.user.split(":") as [string, string];
  const securityContext = confinement(target);
  return {
    restartPolicy: "Never",
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: GRACE,
    // A new claim may belong to root. The application's files would be given to this group, too, so never with those; the
    // ledger has it by then, because a restore first looks at that alone.
    securityContext: isOwn ? { fsGroup: Number(gid), fsGroupChangePolicy: "OnRootMismatch" } : {},
    imagePullSecrets: target.imagePullSecrets.map((name) => ({ name })),
    ...(affinity ? { affinity } : {}),
    volumes: distinctVolumes(volumes) as V1Volume[],
    containers: [
      {
        name: CONTAINER,
        image: target.image,
        imagePullPolicy: "IfNotPresent",
        args: [...input.args],
        resources: podResources(target),
        securityContext:
          uid === ROOT && restoresFiles(plan, job)
            ? { ...securityContext, capabilities: { ...securityContext.capabilities, add: RESTORING } }
            : securityContext,
        volumeMounts: volumes.map(({ mount }) => mount as V1VolumeMount),
      },
    ],
  };
};

const restoresFiles = ({ sources }: KubernetesPlan, job: Job): boolean =>
  job.kind === "restore" && sources.some(({ kind }) => kind === "files");
