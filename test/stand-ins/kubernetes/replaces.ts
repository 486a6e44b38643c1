import { canonicalJson } from "../../../spec/canonical-json.ts";
import type { KubeObject } from "./api.ts";

/** Fields that Kubernetes lets nobody change, by kind: the official provider replaces for them. */
const FIXED: Readonly<Record<string, readonly string[]>> = {
  Job: ["spec.selector", "spec.template", "spec.completions"],
  StatefulSet: ["spec.selector", "spec.serviceName", "spec.volumeClaimTemplates", "spec.podManagementPolicy"],
  Deployment: ["spec.selector"],
  PersistentVolumeClaim: ["spec.storageClassName", "spec.accessModes", "spec.volumeName", "spec.volumeMode"],
  Pod: ["spec"],
};
const CONTENT = ["data", "binaryData", "stringData"];

export interface Mutable {
  readonly Secret: boolean;
  readonly ConfigMap: boolean;
}

/** The inputs for whose change an object is made anew. */
export function replaces(before: KubeObject, after: KubeObject, mutable: Mutable): readonly string[] {
  const fixed = ["apiVersion", "kind", "metadata.name", "metadata.namespace", ...(FIXED[after.kind] ?? [])];
  const { kind } = after;
  if ((kind === "Secret" || kind === "ConfigMap") && (!mutable[kind] || at(before, "immutable") === true)) {
    fixed.push(...CONTENT);
  }
  if (kind === "Secret") fixed.push("type");
  return fixed.filter((path) => canonicalJson(at(before, path)) !== canonicalJson(at(after, path)));
}

function at(object: object, path: string): unknown {
  const found = path
    .split(".")
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], object);
  return found ?? null;
}
