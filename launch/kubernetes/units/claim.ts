import { setTimeout as pause } from "node:timers/promises";
import type { V1PersistentVolumeClaim } from "@kubernetes/client-node";
import { JobError, type QuiescedClaim } from "../../../spec/index.ts";
import { quiescedText } from "../../restore/units.ts";
import type { ProgramEnd } from "../../run-program.ts";
import { findClaim } from "../check-namespace.ts";
import type { Cluster } from "../cluster.ts";
import { clusterError, isRefusal } from "../cluster-error.ts";
import { type Connect, LOOK_EVERY, startWorkload, stopWorkload } from "./scaling.ts";

/**
 * Stops the database of a claim, deletes the claim and with it the volume, makes it again as it was, and starts the
 * database. What somebody did before who was killed in it is not done twice.
 * @throws JobError `restore-failed`, `engine-unreachable`, `too-few-rights`
 */
export const recreateClaim = async (
  connect: Connect,
  claim: QuiescedClaim,
  by: string,
  seconds: number,
): Promise<void> => {
  const cluster = await connect();
  if ((await findClaim(cluster, claim.name))?.metadata?.uid === claim.uid) {
    await stopWorkload(cluster, claim.workload, by, seconds);
    await remove(cluster, claim, seconds);
  }
  const { ok, text } = await startClaim(connect, claim, seconds);
  if (!ok) throw notEmptied(text);
};

/** Makes the claim again where it is missing, and starts its database. Never rejects. */
export const startClaim = async (connect: Connect, claim: QuiescedClaim, seconds: number): Promise<ProgramEnd> => {
  try {
    await makeWhereMissing(await connect(), claim);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, text: `${quiescedText(claim)} was not started: ${reason}` };
  }
  return startWorkload(connect, claim.workload, seconds);
};

/** A claim that a pod still has goes with that pod: a protection of the cluster's. */
const remove = async (cluster: Cluster, { name, uid }: QuiescedClaim, seconds: number): Promise<void> => {
  const { core, namespace } = cluster;
  const deadline = performance.now() + seconds * 1000;
  try {
    // Only this one: somebody else's of the same name may be there by now.
    await core.deleteNamespacedPersistentVolumeClaim({ namespace, name, body: { preconditions: { uid } } });
  } catch (cause) {
    if (!isRefusal(cause, 404, 409)) throw clusterError(cluster, `the claim '${name}' could not be deleted`, cause);
  }
  while ((await findClaim(cluster, name))?.metadata?.uid === uid) {
    if (performance.now() >= deadline)
      throw notEmptied(`the claim '${name}' was deleted, but after ${seconds} s it is still there`);
    await pause(LOOK_EVERY);
  }
};

const makeWhereMissing = async (cluster: Cluster, claim: QuiescedClaim): Promise<void> => {
  const { core, namespace } = cluster;
  const { name, labels, annotations, spec } = claim;
  if (await findClaim(cluster, name)) return;
  const metadata = { name, labels, annotations };
  const body: V1PersistentVolumeClaim = { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata, spec };
  await core.createNamespacedPersistentVolumeClaim({ namespace, body }).catch((cause: unknown) => {
    // The StatefulSet's own controller may be as quick.
    if (!isRefusal(cause, 409)) throw clusterError(cluster, `the claim '${name}' could not be made again`, cause);
  });
};

const notEmptied = (why: string): JobError =>
  new JobError("restore-failed", why, "run `restorable resume` when the cause is gone: it goes on from there");
