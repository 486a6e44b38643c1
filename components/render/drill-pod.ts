import {
  caFiles,
  certificateVolumes,
  confinement,
  distinctVolumes,
  type KubernetesTarget,
  type PodVolume,
  podResources,
  TMP_VOLUME,
} from "../../spec/index.ts";
import type { DrillServer, DrillStorage } from "../args/drill-args.ts";
import { type Drilled, OPENED, SCRATCH, SERVER_PASSWORD, SERVER_USER } from "./drill-jobs.ts";

/** One drill's pod, all but what its jobs are. */
export interface DrillPod {
  readonly target: KubernetesTarget;
  readonly drilled: Drilled;
  readonly server?: DrillServer | undefined;
  readonly storage?: DrillStorage | undefined;
  /** The Secrets with what its two jobs are told, and where these look for it. */
  readonly told: {
    readonly folder: string;
    readonly args: readonly string[];
    readonly open: string;
    readonly drill: string;
  };
}

const DATA = "/var/lib/postgresql/data";

/**
 * The pod of a drill. First a container with the key for drills opens the one point's own; it ends before the others
 * begin. Then the server starts, and when it answers the runner restores, which never sees the key for drills.
 */
export const drillPodSpec = (pod: DrillPod) => {
  const { target, server, drilled, told } = pod;
  const certificates = certificateVolumes(
    target,
    caFiles(drilled.declared?.sources.filter(({ kind }) => kind === "objects") ?? [], [drilled.repository.location]),
  );
  const [key, job] = [toldVolume("key", told.open, told.folder), toldVolume("job", told.drill, told.folder)];
  const scratch: PodVolume = {
    volume: { name: "scratch", ...emptyVolume(pod) },
    mount: { name: "scratch", mountPath: SCRATCH },
  };
  const opening = [TMP_VOLUME, key, OPENED_VOLUME, ...certificates];
  const restoring = [TMP_VOLUME, job, readOnly(OPENED_VOLUME), scratch, ...certificates];
  const serving = server ? serverVolumes(pod) : [];
  const [, group] = target.user.split(":").map(Number);
  return {
    restartPolicy: "Never",
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 60,
    // New volumes may belong to root.
    securityContext: { fsGroup: group, fsGroupChangePolicy: "OnRootMismatch" },
    ...(target.imagePullSecrets.length > 0
      ? { imagePullSecrets: target.imagePullSecrets.map((name) => ({ name })) }
      : {}),
    volumes: distinctVolumes([...opening, ...restoring, ...serving]),
    initContainers: [
      { name: "open", ...runnerContainer(pod, opening) },
      ...(server ? [serverContainer(server, target, serving)] : []),
    ],
    containers: [{ name: "runner", ...runnerContainer(pod, restoring) }],
  };
};

const runnerContainer = ({ target, told }: DrillPod, volumes: readonly PodVolume[]) => ({
  image: target.image,
  args: [...told.args],
  securityContext: confinement(target),
  resources: podResources(target),
  // `kubectl describe` says why it ended.
  terminationMessagePolicy: "FallbackToLogsOnError",
  volumeMounts: volumes.map(({ mount }) => mount),
});

/** Runs until the runner has ended, and ends then by itself. It answers nobody outside of the pod. */
const serverContainer = (
  { image, user, memory }: DrillServer,
  { cpu }: KubernetesTarget,
  volumes: readonly PodVolume[],
) => ({
  name: "postgres",
  image,
  restartPolicy: "Always",
  args: ["postgres", "-c", "listen_addresses=127.0.0.1"],
  env: [
    { name: "POSTGRES_PASSWORD_FILE", value: PASSWORD_FILE },
    { name: "PGDATA", value: `${DATA}/pgdata` },
  ],
  securityContext: confinement({ user }),
  resources: podResources({ memory, cpu }),
  // While its image sets it up it does not listen there.
  startupProbe: {
    exec: { command: ["pg_isready", "--host=127.0.0.1", `--username=${SERVER_USER}`] },
    periodSeconds: 2,
    timeoutSeconds: 5,
    failureThreshold: 150,
  },
  volumeMounts: volumes.map(({ mount }) => mount),
});

const PASSWORD_FILE = `/run/restorable/${SERVER_PASSWORD}`;

/** Of what was opened it sees its own password, and not the key. */
const serverVolumes = (pod: DrillPod): readonly PodVolume[] => [
  { volume: { name: "data", ...emptyVolume(pod) }, mount: { name: "data", mountPath: DATA } },
  { volume: { name: "socket", emptyDir: {} }, mount: { name: "socket", mountPath: "/var/run/postgresql" } },
  { volume: { name: "server-tmp", emptyDir: {} }, mount: { name: "server-tmp", mountPath: "/tmp" } },
  {
    volume: OPENED_VOLUME.volume,
    mount: { name: "opened", mountPath: PASSWORD_FILE, subPath: SERVER_PASSWORD, readOnly: true },
  },
];

/** In memory: it is on no disk, and goes with the pod. */
const OPENED_VOLUME: PodVolume = {
  volume: { name: "opened", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
  mount: { name: "opened", mountPath: OPENED },
};

const readOnly = ({ volume, mount }: PodVolume): PodVolume => ({ volume, mount: { ...mount, readOnly: true } });

const toldVolume = (name: string, secretName: string, folder: string): PodVolume => ({
  volume: { name, secret: { secretName, defaultMode: 0o444 } },
  mount: { name, mountPath: folder, readOnly: true },
});

/** Its content goes with the pod. */
const emptyVolume = ({ storage }: DrillPod) =>
  storage === undefined
    ? { emptyDir: {} }
    : {
        ephemeral: {
          volumeClaimTemplate: {
            spec: {
              accessModes: ["ReadWriteOnce"],
              resources: { requests: { storage: storage.size } },
              ...(storage.storageClass === undefined ? {} : { storageClassName: storage.storageClass }),
            },
          },
        },
      };
