import { z } from "zod";
import { argv } from "./scalars.ts";
import { dockerName, kubernetesLabel, kubernetesName } from "./target.ts";

/** What has a number of replicas. */
export const workloadResource = z.enum(["Deployment", "StatefulSet"]);

/** One thing on a Docker host that is stopped before a restore replaces data, and started again afterwards. */
export const dockerUnit = z.discriminatedUnion("kind", [
  /** A whole container. */
  z.strictObject({ kind: z.literal("container"), container: dockerName }),
  /**
   * Every running container of a compose project but those of the services in `keep`, which must run for the restore: the
   * database. A unit before this one may have stopped them too (a supervisor stops everything): then they are started
   * again, and are healthy or accept connections before the swap.
   */
  z.strictObject({
    kind: z.literal("compose"),
    project: dockerName,
    keep: z.array(z.string().min(1)).default([]),
  }),
  /** Processes inside a container that itself goes on: `stopped` must exit 0 once they are gone. */
  z.strictObject({
    kind: z.literal("exec"),
    container: dockerName,
    stop: argv,
    start: argv,
    stopped: argv.optional(),
    user: z.string().min(1).optional(),
  }),
  /** Programs of the host itself, by ssh where the host is reached by ssh: a supervisor that would start containers again. */
  z.strictObject({ kind: z.literal("host"), stop: argv, start: argv }),
]);
export type DockerUnit = z.infer<typeof dockerUnit>;

/** All pods of a Deployment or StatefulSet, stopped by scaling it to none. */
export const workloadUnit = z.strictObject({
  kind: z.literal("workload"),
  resource: workloadResource,
  name: kubernetesName,
});
export type WorkloadUnit = z.infer<typeof workloadUnit>;

/** What is stopped before a restore replaces data, and started again afterwards. */
export const quiesceUnit = z.discriminatedUnion("kind", [...dockerUnit.options, workloadUnit]);
export type QuiesceUnit = z.infer<typeof quiesceUnit>;

/** What must answer before an application counts as running. */
export const probe = z.discriminatedUnion("kind", [
  /** A GET from the operator's machine that must end with a status below 400. */
  z.strictObject({ kind: z.literal("http"), url: z.url({ protocol: /^https?$/ }) }),
  /** A program inside a container that must exit 0. */
  z.strictObject({ kind: z.literal("exec"), container: dockerName, argv, user: z.string().min(1).optional() }),
  /** A program in a pod of a Deployment or StatefulSet that must exit 0. */
  z.strictObject({
    kind: z.literal("pod"),
    resource: workloadResource,
    name: kubernetesName,
    /** @default the pod's first container */
    container: kubernetesLabel.optional(),
    argv,
  }),
]);
export type Probe = z.infer<typeof probe>;

/** What stops and starts the application around a restore. */
export const quiesce = z.strictObject({
  /** Programs where the launcher runs; each is an argv list. They run before the units are stopped. */
  stop: z.array(argv).default([]),
  /** The same, after the units were started. */
  start: z.array(argv).default([]),
  /** Stopped in this order, started in the opposite one. Only on a Docker host or in a cluster. */
  units: z.array(quiesceUnit).default([]),
  /** Seconds that everything must stay stopped before the swap, so that whatever starts it again is noticed. @default 0 */
  quietSeconds: z.number().min(0).default(0),
  /** Must exit 0 within `timeoutSeconds` after the start. */
  probe: argv.optional(),
  /** Must all answer within `timeoutSeconds` after the start. */
  probes: z.array(probe).default([]),
  /** For each of stop, start and probe. @default 120 */
  timeoutSeconds: z.number().positive().default(120),
});
export type Quiesce = z.infer<typeof quiesce>;

/** By which the daemon starts a container again when it comes up, also one that was stopped by hand. */
export const restartPolicy = z.strictObject({
  name: z.enum(["always", "on-failure"]),
  /** 0: as often as it takes. */
  retries: z.number().int().min(0),
});
export type RestartPolicy = z.infer<typeof restartPolicy>;

/** One thing that ran before a restore stopped it, as the journal keeps it: enough to start it again without the plan. */
export const quiescedDockerUnit = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("container"),
    container: dockerName,
    /** What is set back when it is started; it has none while it is stopped. */
    restart: restartPolicy.optional(),
  }),
  z.strictObject({
    kind: z.literal("exec"),
    container: dockerName,
    start: argv,
    user: z.string().min(1).optional(),
  }),
  z.strictObject({ kind: z.literal("host"), start: argv }),
]);
export type QuiescedDockerUnit = z.infer<typeof quiescedDockerUnit>;

export const quiescedWorkload = workloadUnit.extend({
  /** How many there were. */
  replicas: z.number().int().min(1),
});
export type QuiescedWorkload = z.infer<typeof quiescedWorkload>;

/** A claim that a restore deletes and makes again, as it was before: enough to make it without the cluster's memory of it. */
export const quiescedClaim = z.strictObject({
  kind: z.literal("claim"),
  name: kubernetesName,
  /** Which object had the name: any other one is the new claim. */
  uid: z.string().min(1),
  /** Whose pod has it. */
  workload: quiescedWorkload,
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  /** Of the claim, without the volume that it was bound to. */
  spec: z.record(z.string(), z.unknown()),
});
export type QuiescedClaim = z.infer<typeof quiescedClaim>;

export const quiescedUnit = z.discriminatedUnion("kind", [
  ...quiescedDockerUnit.options,
  quiescedWorkload,
  quiescedClaim,
]);
export type QuiescedUnit = z.infer<typeof quiescedUnit>;

/** A unit for people. */
export const unitText = (unit: QuiesceUnit): string => {
  switch (unit.kind) {
    case "container":
      return `container ${unit.container}`;
    case "compose":
      return `compose project ${unit.project}${unit.keep.length > 0 ? ` but ${unit.keep.join(", ")}` : ""}`;
    case "exec":
      return `${unit.stop.join(" ")} in container ${unit.container}`;
    case "host":
      return `${unit.stop.join(" ")} on the host`;
    case "workload":
      return `${unit.resource} ${unit.name}`;
  }
};

/** What a restore stops, for people, in its order. */
export const stoppedBy = (value: Quiesce | undefined): readonly string[] =>
  value === undefined ? [] : [...value.stop.map((words) => words.join(" ")), ...value.units.map(unitText)];
