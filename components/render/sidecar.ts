import { clusterName, distinctVolumes, type PodVolume } from "../../spec/index.ts";
import type { SidecarArgs } from "../args/kubernetes-args.ts";
import { type ClusterPlan, configurationAnnotation, runContainer, runVolumes } from "./cluster-runs.ts";

/** What the pod of an application takes in so that a plan runs beside it: plain data, for a StatefulSet or the values of a chart. */
export interface Sidecar {
  /** For the pod's `containers`. */
  readonly container: Readonly<Record<string, unknown>> & { readonly name: string; readonly image: string };
  /** For the pod's `volumes`; their names begin with the container's. Claims that the pod mounts by itself are not among them. */
  readonly volumes: readonly (Readonly<Record<string, unknown>> & { readonly name: string })[];
  /** For the pod's annotations: with another configuration they are others, so that the pod is made anew. */
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * A plan's sidecar. It is looked at for signs of life only: a failed backup must neither end it nor take the
 * application's pod out of its service.
 */
export const sidecar = (plan: ClusterPlan, { volumes: own = {} }: SidecarArgs, digest: string): Sidecar => {
  const name = clusterName(plan);
  const mounted = runVolumes(plan).map((each) => ({ ...prefixed(name, each), own: own[claimOf(each)] }));
  return {
    container: {
      name,
      ...runContainer(plan, "schedule"),
      livenessProbe: {
        exec: { command: ["restorable-runner", "alive"] },
        initialDelaySeconds: 60,
        periodSeconds: 60,
        timeoutSeconds: 30,
        failureThreshold: 3,
      },
      volumeMounts: mounted.map(({ mount, own: volume }) => ({ ...mount, name: volume ?? mount.name })),
    },
    volumes: distinctVolumes(mounted.filter(({ own: given }) => given === undefined)),
    annotations: configurationAnnotation(plan, digest),
  };
};

const claimOf = ({ volume }: PodVolume): string =>
  (volume.persistentVolumeClaim as { readonly claimName: string } | undefined)?.claimName ?? "";

const prefixed = (prefix: string, { volume, mount }: PodVolume): PodVolume => {
  const name = `${prefix}-${volume.name}`;
  return { volume: { ...volume, name }, mount: { ...mount, name } };
};
