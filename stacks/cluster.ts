import { z } from "zod";
import { kubernetesTarget } from "../spec/index.ts";

/** The schema of what a restore scales to none, and back. */
export const workloadsConfig = z.array(
  z.union([z.strictObject({ deployment: z.string() }), z.strictObject({ statefulSet: z.string() })]),
);

/** The schema of a namespace of a cluster. */
export const namespaceConfig = z.strictObject({
  namespace: kubernetesTarget.shape.namespace,
  kubeconfig: z.string().optional(),
  context: z.string().optional(),
});
type NamespaceConfig = z.output<typeof namespaceConfig>;

/** A namespace as a target takes it; without a kubeconfig's file, by what kubectl would use. */
export const clusterOf = ({ namespace, kubeconfig: file, context }: NamespaceConfig) => ({
  namespace,
  context,
  kubeconfig: file === undefined ? undefined : { file },
});
