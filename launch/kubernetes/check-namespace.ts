import type { V1PersistentVolumeClaim } from "@kubernetes/client-node";
import { clusterLabels, type FilesSource, type Job, JobError, kubernetesName, planLabels } from "../../spec/index.ts";
import type { Cluster } from "./cluster.ts";
import { clusterError, isRefusal } from "./cluster-error.ts";
import type { KubernetesPlan } from "./target.ts";
import { jobClaims } from "./volumes.ts";

/**
 * Looks whether the namespace has the claims that a job mounts, before anything is made there.
 * @throws JobError `engine-unreachable`, `too-few-rights`, `missing-namespace`, `missing-volume`, `bad-config`
 */
export const checkNamespace = async (cluster: Cluster, plan: KubernetesPlan, job: Job): Promise<void> => {
  for (const { claim, use } of jobClaims(plan, job)) {
    if (use === "new" && !kubernetesName.safeParse(claim).success) {
      const fact = `'${claim}' is no name of a volume claim`;
      throw new JobError("bad-config", fact, "use lower-case letters, digits and '-'; nothing was touched");
    }
    if (use !== "source" || (await findClaim(cluster, claim))) continue;
    await checkIsThere(cluster);
    throw new JobError(
      "missing-volume",
      `there is no volume claim '${claim}' in ${cluster.text}`,
      "`kubectl get persistentvolumeclaims` shows them; correct the plan's sources; nothing was touched",
    );
  }
};

/** Whether the namespace itself is there, where that may be asked. @throws JobError `missing-namespace` */
const checkIsThere = async ({ core, namespace, text }: Cluster): Promise<void> => {
  const found = await core.readNamespace({ name: namespace }).then(
    () => true,
    (error: unknown) => !isRefusal(error, 404),
  );
  if (found) return;
  const hint = "`kubectl get namespaces` shows them; make it, or correct the plan's target; nothing was touched";
  throw new JobError("missing-namespace", `there is no ${text}`, hint);
};

/** The claim of a name, where there is one. @throws JobError `engine-unreachable`, `too-few-rights` */
export const findClaim = async (cluster: Cluster, name: string): Promise<V1PersistentVolumeClaim | undefined> => {
  const { core, namespace } = cluster;
  try {
    return await core.readNamespacedPersistentVolumeClaim({ namespace, name });
  } catch (cause) {
    if (isRefusal(cause, 404)) return undefined;
    throw clusterError(cluster, `the volume claim '${name}' could not be looked at`, cause);
  }
};

/** Whether every claim that a job may write is this plan's own: not a source's, and not one that somebody else made. */
export const writesOnlyOwn = async (cluster: Cluster, plan: KubernetesPlan, job: Job): Promise<boolean> => {
  for (const { claim, use, readOnly } of jobClaims(plan, job)) {
    if (use === "ledger" || readOnly) continue;
    if (use === "source") return false;
    const labels = (await findClaim(cluster, claim))?.metadata?.labels ?? {};
    if (Object.entries(clusterLabels(planLabels(plan))).some(([name, value]) => labels[name] !== value)) return false;
  }
  return true;
};

/** Of a ledger that nobody declared: journals are small, and scratch copies of databases look first whether they fit. */
const LEDGER_SIZE = "10Gi";

/** Makes the claims that a job may make, where they are missing; answers which it made. */
export const makeClaims = async (cluster: Cluster, plan: KubernetesPlan, job: Job): Promise<readonly string[]> => {
  const made: string[] = [];
  for (const { claim, use } of jobClaims(plan, job)) {
    if (use === "source" || made.includes(claim) || (await findClaim(cluster, claim))) continue;
    const body: V1PersistentVolumeClaim = {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: claim, labels: clusterLabels(planLabels(plan)) },
      spec: use === "ledger" ? claimSpec(LEDGER_SIZE) : await specLike(cluster, plan, job),
    };
    const { core, namespace } = cluster;
    await core.createNamespacedPersistentVolumeClaim({ namespace, body }).catch((cause: unknown) => {
      // Another launcher was as quick.
      if (!isRefusal(cause, 409)) throw clusterError(cluster, `the volume claim '${claim}' could not be made`, cause);
    });
    made.push(claim);
  }
  return made;
};

/** As large as the claim of the source that is restored, and of its class. */
const specLike = async (
  cluster: Cluster,
  { sources }: KubernetesPlan,
  job: Job,
): Promise<NonNullable<V1PersistentVolumeClaim["spec"]>> => {
  const asked = job.kind === "restore" ? job.request.sources : undefined;
  const source = sources.find(
    (each): each is FilesSource => each.kind === "files" && (asked === undefined || asked.includes(each.name)),
  );
  const like = source?.mount?.kind === "claim" ? await findClaim(cluster, source.mount.name) : undefined;
  const size = like?.status?.capacity?.storage ?? like?.spec?.resources?.requests?.storage ?? LEDGER_SIZE;
  return claimSpec(size, like?.spec?.accessModes, like?.spec?.storageClassName);
};

const claimSpec = (storage: string, accessModes: string[] = ["ReadWriteOnce"], storageClassName?: string) => ({
  accessModes,
  resources: { requests: { storage } },
  ...(storageClassName === undefined ? {} : { storageClassName }),
});
