import type { KubernetesTarget, Plan } from "../../spec/index.ts";

/** A plan whose jobs run as pods in a namespace of a cluster. */
export type KubernetesPlan = Plan & { readonly target: KubernetesTarget };

export const isKubernetesPlan = (plan: Plan): plan is KubernetesPlan => plan.target.kind === "kubernetes";
