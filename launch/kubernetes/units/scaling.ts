import { setTimeout as pause } from "node:timers/promises";
import {
  JobError,
  type QuiescedUnit,
  type QuiescedWorkload,
  unitText,
  type WorkloadUnit,
} from "../../../spec/index.ts";
import { quiescedText } from "../../restore/units.ts";
import type { ProgramEnd } from "../../run-program.ts";
import type { Cluster } from "../cluster.ts";
import { clusterError, errorText, isRefusal, mayPass } from "../cluster-error.ts";
import {
  disown,
  podsOf,
  REPLICAS,
  readRaw,
  readWorkload,
  rememberedReplicas,
  STOPPED_BY,
  scaleWorkload,
  type Workload,
} from "./workload.ts";

/** Milliseconds between two looks at something that is waited for. */
export const LOOK_EVERY = 500;

export type Connect = () => Promise<Cluster>;

/** What somebody stopped who never came to start it again counts as running: this restore starts it. */
export const runningWorkload = async (cluster: Cluster, unit: WorkloadUnit): Promise<readonly QuiescedUnit[]> => {
  const found = await readWorkload(cluster, unit);
  const replicas = rememberedReplicas(found) ?? found.replicas;
  return replicas > 0 ? [{ ...unit, replicas }] : [];
};

/** Scales it to none and waits until its pods are gone. @throws JobError `quiesce-failed`, `too-few-rights` */
export const stopWorkload = async (
  cluster: Cluster,
  unit: WorkloadUnit,
  by: string,
  seconds: number,
): Promise<void> => {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const found = await readWorkload(cluster, unit);
    if (found.replicas > 0) {
      await scaleDown(cluster, unit, found, by);
      continue;
    }
    const pods = found.isSeen ? await podsOf(cluster, unit, found) : undefined;
    if (pods?.length === 0) return;
    if (performance.now() >= deadline) {
      const names = pods?.map(({ metadata }) => metadata?.name).join(", ") ?? "its controller does not answer";
      const fact = `${unitText(unit)} was scaled to 0, but after ${seconds} s it has not stopped: ${names}`;
      throw new JobError("quiesce-failed", fact, "look why its pods do not end, and ask with a new id");
    }
    await pause(LOOK_EVERY);
  }
};

const scaleDown = async (cluster: Cluster, unit: WorkloadUnit, found: Workload, by: string): Promise<void> => {
  const annotations = { [REPLICAS]: String(found.replicas), [STOPPED_BY]: by };
  try {
    await scaleWorkload(cluster, unit, found, 0, annotations);
  } catch (cause) {
    // Its status changes all the time; the next look has the newest.
    if (isRefusal(cause, 409)) return;
    const { code, fact, hint } = clusterError(cluster, `${unitText(unit)} could not be scaled to 0`, cause);
    throw new JobError(code === "too-few-rights" ? code : "quiesce-failed", fact, hint, { cause });
  }
};

/** What of it runs, in words. */
export const workloadBack = async (cluster: Cluster, unit: WorkloadUnit): Promise<readonly string[]> => {
  const found = await readWorkload(cluster, unit);
  return found.replicas > 0 || (await podsOf(cluster, unit, found)).length > 0 ? [unitText(unit)] : [];
};

/** Scales up again and waits until it is ready; tries again while the cluster is away, no longer than it may take. */
export const startWorkload = async (connect: Connect, unit: QuiescedWorkload, seconds: number): Promise<ProgramEnd> => {
  const deadline = performance.now() + seconds * 1000;
  for (let why = ""; ; ) {
    try {
      const found = await startOnce(await connect(), unit);
      if (found.isSeen && found.ready >= found.replicas) return { ok: true, text: `${quiescedText(unit)} is ready` };
      why = `${found.ready} of ${found.replicas} pods are ready`;
    } catch (error) {
      why = errorText(error);
      if (!mayPass(error) && !isRefusal(error, 409))
        return { ok: false, text: `${quiescedText(unit)} was not started: ${why}` };
    }
    if (performance.now() >= deadline) {
      return { ok: false, text: `${quiescedText(unit)} was scaled to ${unit.replicas}, but after ${seconds} s ${why}` };
    }
    await pause(LOOK_EVERY);
  }
};

/** Somebody else's number is left as it is; the note is taken off last, in the same change. */
const startOnce = async (cluster: Cluster, unit: QuiescedWorkload): Promise<Workload> => {
  const found = await readRaw(cluster, unit);
  const isNoted = found.metadata.annotations?.[REPLICAS] !== undefined;
  if (found.replicas > 0 && !isNoted) return found;
  const replicas = found.replicas > 0 ? found.replicas : unit.replicas;
  await scaleWorkload(cluster, unit, found, replicas, { [REPLICAS]: null, [STOPPED_BY]: null });
  // Only for the convenience of others: the application runs all the same.
  await disown(cluster, unit).catch(() => undefined);
  return readRaw(cluster, unit);
};
