import { besideAffinity, type Job, jobFiles, type Progress } from "../../spec/index.ts";
import { refuseWhileAnotherRuns } from "../found-job.ts";
import { filesHandedOver } from "../hand-over.ts";
import { newJobId } from "../job-id.ts";
import type { OnPlaced } from "../placed.ts";
import { secretReader } from "../read-secret.ts";
import { refuseDirectory } from "../refuse-directory.ts";
import { NEVER } from "../restore/world.ts";
import type { RunJob, RunOptions } from "../run-job.ts";
import { untilItsEnd } from "../until-its-end.ts";
import { checkNamespace, makeClaims, writesOnlyOwn } from "./check-namespace.ts";
import { type Cluster, connectCluster } from "./cluster.ts";
import { clusterError } from "./cluster-error.ts";
import { type FollowOptions, followJob, type PlacedJob } from "./follow.ts";
import { GRACE, jobName, jobObject, jobSecret } from "./job-object.ts";
import { endJob, jobsIn, removeJob, unlessGone } from "./jobs.ts";
import { neighbours } from "./neighbours.ts";
import type { KubernetesPlan } from "./target.ts";

export interface KubernetesOptions extends Pick<FollowOptions, "patienceSeconds" | "lingerSeconds"> {
  /** Where a kubeconfig of kind `env` is looked up. @default this process's */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** For whoever leaves in the middle. */
  readonly onPlaced?: OnPlaced;
}

/**
 * Runs jobs as Kubernetes Jobs in the namespace of a plan, each in one of its own that outlives this launcher and is
 * never run twice. The Job goes when its result was read; where the launcher is killed before that it stays a week, for
 * `restorable attach`.
 */
export const kubernetesRunner =
  (plan: KubernetesPlan, options: KubernetesOptions = {}): RunJob =>
  async (asked, run) => {
    const { environment = process.env, onPlaced = () => undefined } = options;
    refuseDirectory(asked);
    const { job, secrets } = filesHandedOver(asked, run.secrets, secretReader(run.secrets));
    const cluster = await connectCluster(plan.target, { ...environment, ...run.secrets });
    await checkNamespace(cluster, plan, job);
    await refuseWhileAnotherRuns({ place: cluster.text, list: () => jobsIn(cluster, plan) }, job);
    const made = await makeClaims(cluster, plan, job);
    const placed = await place(cluster, plan, job, secrets, run);
    const follow: FollowOptions = { ...options, ...run, onStarted: () => forget(placed) };
    return untilItsEnd(
      { id: placed.id, stops: run.signal !== NEVER, stopWith: stopWith(plan, placed) },
      {
        onPlaced,
        follow: () => followJob(placed, follow),
        remove: () => removed(placed, run.onProgress, removeJob),
        end: () => {
          say(run.onProgress, `job ${placed.id} is ended; its pod may go to a safe state first, in at most ${GRACE} s`);
          return removed(placed, run.onProgress, endJob);
        },
        unmake: () => unmake(cluster, plan, job, made),
      },
    );
  };

/** As whoever has kubectl here would say it. In the foreground: once it returns, the job's pod is gone and does nothing more. */
const stopWith = ({ target: { context, namespace } }: KubernetesPlan, { name }: PlacedJob): string =>
  [
    "kubectl",
    ...(context === undefined ? [] : ["--context", context]),
    "--namespace",
    namespace,
    "delete job",
    name,
    "--cascade=foreground --ignore-not-found",
  ].join(" ");

/** @throws JobError when nothing was started */
const place = async (
  cluster: Cluster,
  plan: KubernetesPlan,
  job: Job,
  secrets: Readonly<Record<string, string>>,
  { signal, onProgress }: RunOptions,
): Promise<PlacedJob> => {
  signal.throwIfAborted();
  const { namespace, batch, core, patch, text } = cluster;
  const id = newJobId(job);
  const name = jobName(id);
  const input = jobFiles(job, secrets);
  const affinity = besideAffinity(await neighbours(cluster, plan, job));
  const isOwn = await writesOnlyOwn(cluster, plan, job);
  const body = jobObject(plan, { id, affinity, isOwn }, job, input);
  const made = await batch.createNamespacedJob({ namespace, body }).catch((cause: unknown) => {
    throw clusterError(cluster, "a Job could not be made", cause);
  });
  try {
    await core.createNamespacedSecret({ namespace, body: jobSecret(made, input) });
    await batch.patchNamespacedJob({ namespace, name, body: { spec: { suspend: false } } }, patch.merge);
  } catch (cause) {
    await endJob(cluster, name).catch(() => undefined);
    throw clusterError(cluster, "a Job could not be started", cause);
  }
  say(onProgress, `${job.kind} runs in ${text} as job ${id}`);
  return { id, kind: job.kind, cluster, name };
};

/** Once the container runs it has its files, and nobody else needs them. */
const forget = async ({ cluster: { core, namespace }, name }: PlacedJob): Promise<void> => {
  await core
    .deleteNamespacedSecret({ namespace, name })
    .catch(unlessGone)
    .catch(() => undefined);
};

const removed = async (
  { cluster, name, id }: PlacedJob,
  onProgress: RunOptions["onProgress"],
  remove: typeof removeJob,
): Promise<void> => {
  await remove(cluster, name).catch((cause: unknown) => {
    const { fact, hint } = clusterError(cluster, `job ${id} could not be removed`, cause);
    onProgress({ type: "warning", at: new Date().toISOString(), text: `${fact}; ${hint}` });
  });
};

/** A claim that was made for a restore that came to nothing would be in the way of the next one. */
const unmake = async (
  { core, namespace }: Cluster,
  { target }: KubernetesPlan,
  job: Job,
  made: readonly string[],
): Promise<void> => {
  if (job.kind !== "restore" || job.action !== "prepare") return;
  for (const name of made.filter((each) => each !== target.ledger))
    await core.deleteNamespacedPersistentVolumeClaim({ namespace, name }).catch(() => undefined);
};

const say = (onProgress: (line: Progress) => void, text: string): void =>
  onProgress({ type: "step", at: new Date().toISOString(), step: "place", text });
