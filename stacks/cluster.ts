import { z } from "zod";

/** The schema of what a restore scales to none, and back. */
export const workloadsConfig = z.array(
  z.union([z.strictObject({ deployment: z.string() }), z.strictObject({ statefulSet: z.string() })]),
);

/** A kubeconfig's file, as a target takes it; without one, what kubectl would use. */
export const kubeconfigOf = ({ kubeconfig: file }: { readonly kubeconfig?: string | undefined }) =>
  file === undefined ? undefined : { file };
