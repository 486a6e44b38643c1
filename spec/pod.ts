import type { Source } from "./source.ts";
import { type KubernetesTarget, sourceMount } from "./target.ts";

/** A volume of a pod, and where a container has it: plain data, as Kubernetes takes it. */
export interface PodVolume {
  readonly volume: { readonly name: string } & Readonly<Record<string, unknown>>;
  readonly mount: {
    readonly name: string;
    readonly mountPath: string;
    readonly subPath?: string;
    readonly readOnly?: boolean;
  };
}

const MIB = 1024 ** 2;
/** What a job that only waits needs. A node that has no more free than this takes it. */
const REQUESTED_MEMORY = 256 * MIB;
const REQUESTED_CPU = 0.1;

/** How a runner's container is confined: all that restricted Pod Security asks, and a root that is only read. */
export const confinement = ({ user }: Pick<KubernetesTarget, "user">) => {
  const [uid, gid] = user.split(":").map(Number) as [number, number];
  return {
    runAsNonRoot: uid !== 0,
    runAsUser: uid,
    runAsGroup: gid,
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
    seccompProfile: { type: "RuntimeDefault" },
  };
};

/** What a runner's container is given at least, and may use at most. */
export const podResources = ({ memory, cpu }: Pick<KubernetesTarget, "memory" | "cpu">) => ({
  requests: { memory: String(Math.min(memory, REQUESTED_MEMORY)), cpu: milliCores(Math.min(cpu, REQUESTED_CPU)) },
  limits: { memory: String(memory), cpu: milliCores(cpu) },
});

const milliCores = (cores: number): string => `${Math.round(cores * 1000)}m`;

/** The only place where a confined container may write. */
export const TMP_VOLUME: PodVolume = {
  volume: { name: "tmp", emptyDir: {} },
  mount: { name: "tmp", mountPath: "/tmp" },
};

/** A pod's `volumes`, each once: a pod that mounts one claim as two volumes never starts. */
export const distinctVolumes = (all: readonly PodVolume[]): PodVolume["volume"][] => [
  ...new Map(all.map(({ volume }) => [volume.name, volume])).values(),
];

/**
 * The claims of file sources, each where the contract says; and, for who only reads, their Secrets. Sources of one claim
 * share its volume.
 */
export const sourceVolumes = (sources: readonly Source[], readOnly: boolean): readonly PodVolume[] =>
  sources.flatMap((source, index): readonly PodVolume[] => {
    if (source.kind !== "files") return [];
    const { mount } = source;
    const name = `source-${index}`;
    // Who writes has no use for it, and a cluster that is being made again may lack it.
    if (mount?.kind === "secret" && readOnly) {
      const secret = { secretName: mount.name, defaultMode: 0o444 };
      return [{ volume: { name, secret }, mount: { name, mountPath: sourceMount(source.name), readOnly } }];
    }
    if (mount?.kind !== "claim") return [];
    const shared = `source-${sources.findIndex((each) => claimOf(each) === mount.name)}`;
    return [
      {
        volume: { name: shared, persistentVolumeClaim: { claimName: mount.name, ...(readOnly && { readOnly }) } },
        mount: { name: shared, mountPath: sourceMount(source.name), ...(readOnly && { readOnly }) },
      },
    ];
  });

const claimOf = (source: Source): string | undefined =>
  source.kind === "files" && source.mount?.kind === "claim" ? source.mount.name : undefined;

/** The CA files among these paths, each from its ConfigMap or Secret. */
export const certificateVolumes = (
  { certificates }: Pick<KubernetesTarget, "certificates">,
  paths: readonly string[],
): readonly PodVolume[] =>
  certificates
    .filter(({ path }) => paths.includes(path))
    .map(({ path, from, name: object, key }, index) => {
      const name = `ca-${index}`;
      const items = [{ key, path: key }];
      return {
        volume:
          from === "secret"
            ? { name, secret: { secretName: object, items } }
            : { name, configMap: { name: object, items } },
        mount: { name, mountPath: path, subPath: key, readOnly: true },
      };
    });

/** On which nodes a pod may run that mounts these sources: undefined for any. */
export const besideAffinity = (sources: readonly Source[]) => {
  const terms = sources.flatMap((source) =>
    source.kind === "files" && source.mount?.kind === "claim" && source.mount.beside
      ? [{ labelSelector: { matchLabels: source.mount.beside }, topologyKey: "kubernetes.io/hostname" }]
      : [],
  );
  return terms.length === 0 ? undefined : { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } };
};
