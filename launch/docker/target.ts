import type { DockerTarget, Plan } from "../../spec/index.ts";

/** A plan whose jobs run as containers of a Docker host. */
export type DockerPlan = Plan & { readonly target: DockerTarget };

export const isDockerPlan = (plan: Plan): plan is DockerPlan => plan.target.kind === "docker";
