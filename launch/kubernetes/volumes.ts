import {
  certificateVolumes,
  type Job,
  JobError,
  type PodVolume,
  sourceMount,
  sourceVolumes,
} from "../../spec/index.ts";
import { type JobMount, jobMounts } from "../job-mounts.ts";
import type { KubernetesPlan } from "./target.ts";

/**
 * What the pod of a job mounts. The sources of one job are all only read, or all written.
 * @throws JobError `bad-config` for a repository in a directory, which no pod has
 */
export const jobVolumes = (plan: KubernetesPlan, job: Job): readonly PodVolume[] => {
  const mounts = jobMounts(job);
  const certificates = mounts.flatMap(({ from, at }) => (isFile(from, "certificates") ? [at] : []));
  const directory = mounts.find(({ from }) => isFile(from, "repository"));
  if (directory) throw noDirectory(directory.at);
  const at = new Map(mounts.map((mount) => [mount.at, mount]));
  const sources = plan.sources.filter(({ name }) => at.has(sourceMount(name)));
  const readOnly = sources.every(({ name }) => at.get(sourceMount(name))?.readOnly);
  const own = jobClaims(plan, job).filter(({ use }) => use !== "source");
  return [
    ...own.map(claimVolume),
    ...sourceVolumes(sources, readOnly),
    ...certificateVolumes(plan.target, certificates),
  ];
};

/** One claim that a job mounts. */
export interface ClaimMount {
  readonly claim: string;
  readonly at: string;
  readonly readOnly: boolean;
  /** `ledger` and `new` ones may be made. */
  readonly use: "ledger" | "new" | "source";
  readonly beside?: Readonly<Record<string, string>> | undefined;
}

export const jobClaims = ({ target }: KubernetesPlan, job: Job): readonly ClaimMount[] =>
  jobMounts(job).flatMap(({ from, at, readOnly }): readonly ClaimMount[] => {
    switch (from.kind) {
      case "ledger":
        return [{ claim: target.ledger, at, readOnly, use: "ledger" }];
      case "new":
        return [{ claim: from.name, at, readOnly, use: "new" }];
      case "claim":
        return [{ claim: from.name, at, readOnly, use: "source", beside: from.beside }];
      default:
        return [];
    }
  });

const claimVolume = ({ claim, at, readOnly, use }: ClaimMount): PodVolume => ({
  volume: { name: use, persistentVolumeClaim: { claimName: claim } },
  mount: { name: use, mountPath: at, readOnly },
});

const isFile = (from: JobMount["from"], what: "certificates" | "repository"): boolean =>
  from.kind === "host" && from.what === what;

const noDirectory = (path: string): JobError =>
  new JobError(
    "bad-config",
    `this plan's jobs run in pods, which have no directory '${path}'`,
    "keep the repository in a bucket, or run the job on this machine with `--target`; nothing was touched",
  );
