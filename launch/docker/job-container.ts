import type { ContainerCreateOptions } from "dockerode";
import { type Job, jobLabels } from "../../spec/index.ts";
import { containerMounts } from "./container-mounts.ts";
import type { DockerPlan } from "./target.ts";

/** The user of the runner's image, to whom a new ledger volume belongs. */
const IMAGE_USER = "10001:10001";
const ROOT = "0:0";
/**
 * What a restore of files does as root, and no more: giving files their owners (CHOWN), writing into directories of
 * other users (DAC_OVERRIDE), setting modes, times and attributes of files that already belong to others (FOWNER), and
 * keeping set-user and set-group bits (FSETID).
 */
const RESTORING = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID"];
/** A result is one line; that of a catalog of thousands of points has tens of megabytes. */
const LOG = { Type: "json-file", Config: { "max-size": "64m", "max-file": "3" } };

export const containerName = ({ stack, name }: DockerPlan, id: string): string =>
  `restorable-${stack}-${name}-${id}`.replace(/[^A-Za-z0-9_.-]/g, "-");

/** The container of one job. Job and secrets come on its stdin: nothing that Docker shows holds any of them. */
export const jobContainer = (plan: DockerPlan, id: string, job: Job): ContainerCreateOptions => {
  const { target } = plan;
  const user = jobUser(plan, job);
  return {
    name: containerName(plan, id),
    Image: target.image,
    User: user,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: false,
    AttachStderr: false,
    Tty: false,
    Labels: jobLabels(plan, id, job),
    HostConfig: {
      NetworkMode: target.network.kind === "network" ? target.network.name : `container:${target.network.name}`,
      ReadonlyRootfs: true,
      Tmpfs: { "/tmp": "rw,nosuid,nodev,mode=1777" },
      CapDrop: ["ALL"],
      CapAdd: user === ROOT ? RESTORING : [],
      SecurityOpt: ["no-new-privileges"],
      Memory: target.memory,
      MemorySwap: target.memory,
      LogConfig: LOG,
      Mounts: containerMounts(plan, job).map((mount) => ({ ...mount })),
      // Once it has ended it stays until its result was read.
      AutoRemove: false,
      RestartPolicy: { Name: "no" },
    },
  };
};

/** Whoever restores files must give them to their owners; the ledger of such a plan belongs to root, then. */
const jobUser = (plan: DockerPlan, job: Job): string => {
  if (job.kind !== "restore" && job.kind !== "ledger") return plan.target.user;
  const asRoot = plan.sources.some(({ kind }) => kind === "files") || plan.target.user !== IMAGE_USER;
  return asRoot ? ROOT : IMAGE_USER;
};
