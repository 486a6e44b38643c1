import { setTimeout as pause } from "node:timers/promises";
import type { Api, KubeObject } from "./api.ts";

/** Seconds that the official provider waits, too, unless an annotation says otherwise. */
const LONGEST = 600;

type Status = Readonly<Record<string, unknown>>;

/** Waits for what the official provider waits for. Kinds without an awaiter are there once they are accepted. */
export async function ready(api: Api, applied: KubeObject): Promise<KubeObject> {
  const { annotations = {} } = applied.metadata;
  const isReady = READY[applied.kind];
  if (!isReady || annotations["pulumi.com/skipAwait"] === "true") return applied;
  const until = Date.now() + Number(annotations["pulumi.com/timeoutSeconds"] ?? LONGEST) * 1000;
  for (;;) {
    const object = await api.get(applied);
    if (!object) throw new Error(`${applied.kind} ${applied.metadata.name} is gone`);
    if (await isReady(object, api)) return object;
    if (Date.now() > until) {
      throw new Error(`${object.kind} ${object.metadata.name} was not ready in time: ${JSON.stringify(object.status)}`);
    }
    await pause(500);
  }
}

const READY: Readonly<Record<string, (object: KubeObject, api: Api) => boolean | Promise<boolean>>> = {
  Deployment: ({ spec, status, metadata }) =>
    isObserved(metadata, status) &&
    count(status, "updatedReplicas") === replicas(spec) &&
    allAre(spec, status, "available"),
  StatefulSet: ({ spec, status, metadata }) =>
    isObserved(metadata, status) &&
    count(status, "updatedReplicas") === replicas(spec) &&
    allAre(spec, status, "ready"),
  Job: ({ status, metadata }) => {
    const conditions = (status?.conditions ?? []) as { type: string; status: string; message?: string }[];
    const failed = conditions.find(({ type, status: is }) => type === "Failed" && is === "True");
    if (failed) throw new Error(`Job ${metadata.name} failed: ${failed.message}`);
    return conditions.some(({ type, status: is }) => type === "Complete" && is === "True");
  },
  Pod: ({ status }) =>
    status?.phase === "Succeeded" ||
    ((status?.conditions ?? []) as { type: string; status: string }[]).some(
      ({ type, status: is }) => type === "Ready" && is === "True",
    ),
  PersistentVolumeClaim: async ({ spec, status }, api) => {
    if (status?.phase === "Bound") return true;
    const name = spec?.storageClassName as string | undefined;
    if (!name) return false;
    const storage = await api.list(`/apis/storage.k8s.io/v1/storageclasses/${name}`);
    // Such a volume is made for the first pod that mounts it.
    return (storage as unknown as { volumeBindingMode: string }).volumeBindingMode === "WaitForFirstConsumer";
  },
};

const count = (status: Status | undefined, key: string): number => (status?.[key] as number | undefined) ?? 0;
const replicas = (spec: Status | undefined): number => (spec?.replicas as number | undefined) ?? 1;
const allAre = (spec: Status | undefined, status: Status | undefined, what: "available" | "ready"): boolean =>
  count(status, `${what}Replicas`) === replicas(spec) && count(status, "replicas") === replicas(spec);
const isObserved = (metadata: KubeObject["metadata"], status: Status | undefined): boolean =>
  count(status, "observedGeneration") >= (metadata.generation as number);
