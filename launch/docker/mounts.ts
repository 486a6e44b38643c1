import {
  caFiles,
  type FilesSource,
  type Job,
  LEDGER_MOUNT,
  type Location,
  type Plan,
  type RestoreJob,
  type Source,
  sourceMount,
  volumeMount,
} from "../../spec/index.ts";
import type { DockerPlan } from "./target.ts";

/** One mount of a job's container. */
export interface JobMount {
  readonly Type: "volume" | "bind";
  readonly Source: string;
  readonly Target: string;
  readonly ReadOnly: boolean;
}

/** What a job sees of the host: no more than it needs, and nothing that it could change without need. */
export const jobMounts = (plan: DockerPlan, job: Job): readonly JobMount[] => {
  switch (job.kind) {
    case "backup":
      return [...sources(job.plan, true), ...reached([job.plan.repository.location], false, job.plan.sources)];
    case "orphans":
      return [...sources(job.plan, true), ...certificates(job.plan.sources, [])];
    case "ledger":
      return [ledger(plan)];
    case "restore":
      return [ledger(plan), ...restored(job), ...places(job)];
    case "catalog":
      return reached([job.repository.location], true);
    case "check":
      return reached([job.repository.location], true, job.objects);
    case "mark":
    case "prune":
      return reached([job.repository.location], false);
    case "verify":
      return reached([job.repository.location], false, job.objects);
    case "bucket":
      return [];
  }
};

const ledger = ({ target }: DockerPlan): JobMount => volume(target.ledger, LEDGER_MOUNT, false);

const volume = (name: string, target: string, readOnly: boolean): JobMount => ({
  Type: "volume",
  Source: name,
  Target: target,
  ReadOnly: readOnly,
});

const sources = (plan: Plan, readOnly: boolean): readonly JobMount[] =>
  plan.sources.flatMap((source) =>
    "mount" in source && source.mount ? [sourceMountOf(source, source.mount, readOnly)] : [],
  );

/** The whole mount, also where the source is a directory below it: a restore works beside that. */
const sourceMountOf = (
  { name }: Pick<FilesSource, "name">,
  mount: NonNullable<FilesSource["mount"]>,
  readOnly: boolean,
): JobMount =>
  mount.kind === "bind"
    ? { Type: "bind", Source: mount.path, Target: sourceMount(name), ReadOnly: readOnly }
    : volume(mount.name, sourceMount(name), readOnly);

/** Live data are there only for who replaces them; the state of a journal is only read. */
const restored = ({ action, plan, request: { into } }: RestoreJob): readonly JobMount[] => {
  if (action === "state") return [];
  if (into.volume !== undefined) return [volume(into.volume, volumeMount(into.volume), false)];
  return into.database === undefined && into.directory === undefined ? sources(plan, false) : [];
};

const places = ({ plan, from, action }: RestoreJob): readonly JobMount[] =>
  action === "state" ? [] : reached([plan.repository.location, from.repository.location], false, plan.sources);

const reached = (
  locations: readonly Location[],
  readOnly: boolean,
  sources: readonly Source[] = [],
): readonly JobMount[] => [...repositories(locations, readOnly), ...certificates(sources, locations)];

/** A file of the host has the same path in the container. */
const certificates = (sources: readonly Source[], locations: readonly Location[]): readonly JobMount[] =>
  caFiles(sources, locations).map((path) => ({ Type: "bind", Source: path, Target: path, ReadOnly: true }));

/** A repository in a directory of the host has the same path in the container. */
const repositories = (locations: readonly Location[], readOnly: boolean): readonly JobMount[] => {
  const paths = locations.flatMap((place) => (place.kind === "directory" ? [place.path] : []));
  return [...new Set(paths)].map((path) => ({ Type: "bind", Source: path, Target: path, ReadOnly: readOnly }));
};
