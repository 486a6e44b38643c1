import { z } from "zod";
import { bytes, directory, secretRef } from "./scalars.ts";

/** Jobs run as child processes on the machine that runs Pulumi or the CLI. */
export const localTarget = z.strictObject({
  kind: z.literal("local"),
  /** Where journals, locks and records of restores are kept. */
  ledger: directory,
  /** Where `pg_restore` may put a scratch copy. @default the ledger's directory */
  scratch: directory.optional(),
});
export type LocalTarget = z.infer<typeof localTarget>;

/** A name of a container, network or volume, as Docker allows it. */
export const dockerName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/, "expected a Docker name: letters, digits, '_', '.', '-'");

/** What a job's container joins: a network, or the network namespace of a container whose server listens only on its own localhost. */
export const dockerNetwork = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("network"), name: dockerName }),
  z.strictObject({ kind: z.literal("container"), name: dockerName }),
]);

/** Jobs run as containers on a Docker host. */
export const dockerTarget = z.strictObject({
  kind: z.literal("docker"),
  /** How the operator's machine reaches the engine, as DOCKER_HOST has it. */
  host: z
    .string()
    .regex(/^(unix:\/\/\/|tcp:\/\/|ssh:\/\/)\S+$/, "expected unix:///…, tcp://… or ssh://…, as in DOCKER_HOST"),
  /** The runner's image. */
  image: z.string().min(1),
  network: dockerNetwork,
  /** The volume for journals, locks, records and scratch copies of restores. */
  ledger: dockerName,
  /** Who takes backups: it must be able to read every file. @default "10001:10001" */
  user: z
    .string()
    .regex(/^\d+:\d+$/, "expected <uid>:<gid> in numbers")
    .default("10001:10001"),
  /** Bytes of memory that one job may use. @default 1 GiB */
  memory: bytes.default(1024 ** 3),
});
export type DockerTarget = z.infer<typeof dockerTarget>;

/** A name of an object in a namespace, as most kinds of Kubernetes allow it. */
export const kubernetesName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, "expected a Kubernetes name: lower-case letters, digits, '-', '.'");

/** A name that is part of a DNS name: a namespace, a service. */
export const kubernetesLabel = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "expected at most 63 lower-case letters, digits and '-'");

/** A file with certificates of authorities, as pods see it: one key of a ConfigMap or a Secret of the namespace. */
export const certificate = z.strictObject({
  path: directory,
  from: z.enum(["configMap", "secret"]),
  name: kubernetesName,
  key: z.string().regex(/^[A-Za-z0-9._-]{1,253}$/, "expected a key: letters, digits, '-', '_', '.'"),
});
export type Certificate = z.infer<typeof certificate>;

/** Jobs run as pods in a namespace of a Kubernetes cluster. */
export const kubernetesTarget = z.strictObject({
  kind: z.literal("kubernetes"),
  /** How the operator's machine reaches the cluster: a kubeconfig. @default what `kubectl` would use */
  kubeconfig: secretRef.optional(),
  /** A context of the kubeconfig. @default its current one */
  context: z.string().min(1).optional(),
  namespace: kubernetesLabel,
  /** The runner's image. */
  image: z.string().min(1),
  /** Secrets with which the image is pulled. @default none */
  imagePullSecrets: z.array(kubernetesName).default([]),
  /** The claim for journals, locks, records and scratch copies of restores. */
  ledger: kubernetesName,
  /** Who takes backups: it must be able to read every file; not root where Pod Security is restricted. @default "10001:10001" */
  user: z
    .string()
    .regex(/^\d+:\d+$/, "expected <uid>:<gid> in numbers")
    .default("10001:10001"),
  /** Bytes of memory that one job may use. @default 1 GiB */
  memory: bytes.default(1024 ** 3),
  /** Cores that one job may use. @default 2 */
  cpu: z.number().min(0.1).default(2),
  /** Where the CA files come from that sources and repository name. @default none */
  certificates: z.array(certificate).default([]),
  /** What runs the plan by its schedule: pods of a CronJob, or a container in a pod of the application's. @default "cronJob" */
  run: z.enum(["cronJob", "sidecar"]).default("cronJob"),
});
export type KubernetesTarget = z.infer<typeof kubernetesTarget>;

/** Where jobs run. */
export const target = z.discriminatedUnion("kind", [localTarget, dockerTarget, kubernetesTarget]);
export type Target = z.infer<typeof target>;

/** Where jobs in containers find the ledger. */
export const LEDGER_MOUNT = "/var/lib/restorable";
const SOURCES = "/sources";
const RESTORED = "/restored";

/** The directory of a target's ledger, as its jobs see it. */
export const ledgerDirectory = (value: Target): string => (value.kind === "local" ? value.ledger : LEDGER_MOUNT);

/** Where `pg_restore` may put a scratch copy, as jobs see it. */
export const scratchDirectory = (value: Target): string =>
  value.kind === "local" ? (value.scratch ?? value.ledger) : LEDGER_MOUNT;

/** Where jobs in containers find the files of a source. Two levels deep, because a restore looks at the parent. */
export const sourceMount = (source: string): string => `${SOURCES}/${source}`;

/** Where a restore into a volume finds it. */
export const volumeMount = (volume: string): string => `${RESTORED}/${volume}`;
