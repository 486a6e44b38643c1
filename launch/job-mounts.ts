import {
  caFiles,
  type FilesSource,
  type Job,
  LEDGER_MOUNT,
  type Location,
  type Mount,
  type Plan,
  type RestoreJob,
  type Source,
  sourceMount,
  volumeMount,
} from "../spec/index.ts";

/** One mount of a job's container. */
export interface JobMount {
  /** `ledger`: the target's own. `new`: where a restore puts what it does not replace. `host`: the same path there. */
  readonly from: Mount | { readonly kind: "ledger" } | { readonly kind: "new"; readonly name: string } | HostPath;
  /** Where the job sees it. */
  readonly at: string;
  readonly readOnly: boolean;
}

/** A file with certificates, or the directory of a repository. */
export interface HostPath {
  readonly kind: "host";
  readonly what: "certificates" | "repository";
}

/** What a job in a container sees of its target: no more than it needs, and nothing that it could change without need. */
export const jobMounts = (job: Job): readonly JobMount[] => {
  switch (job.kind) {
    case "backup":
      return [...sources(job.plan, true), ...reached([job.plan.repository.location], false, job.plan.sources)];
    case "orphans":
      return [...sources(job.plan, true), ...certificates(job.plan.sources, [])];
    case "ledger":
      return [LEDGER, ...(job.find ? reached([job.find.repository.location], true) : [])];
    case "restore":
      return [LEDGER, ...restoring(job)];
    case "catalog":
    case "inspect":
    case "open":
      return reached([job.repository.location], true);
    case "check":
      return reached([job.repository.location], true, job.objects);
    case "copy":
      return reached([job.from.location, job.to.location], false);
    case "mark":
    case "prune":
      return reached([job.repository.location], false);
    case "verify":
    case "drill":
      return reached([job.repository.location], false, job.objects);
    case "bucket":
      return [];
  }
};

const LEDGER: JobMount = { from: { kind: "ledger" }, at: LEDGER_MOUNT, readOnly: false };

const sources = (plan: Plan, readOnly: boolean): readonly JobMount[] =>
  plan.sources.flatMap((source) =>
    "mount" in source && source.mount ? [sourceMountOf(source, source.mount, readOnly)] : [],
  );

/** The whole mount, also where the source is a directory below it: a restore works beside that. */
const sourceMountOf = (
  { name }: Pick<FilesSource, "name">,
  mount: NonNullable<FilesSource["mount"]>,
  readOnly: boolean,
): JobMount => ({ from: mount, at: sourceMount(name), readOnly });

const restoring = (job: RestoreJob): readonly JobMount[] => {
  const [own, from] = [job.plan.repository.location, job.from.repository.location];
  switch (job.action) {
    case "state":
      return [];
    case "open":
      return reached([from], true);
    default:
      return [...restored(job), ...reached([own, from], false, job.plan.sources)];
  }
};

/** Live data are there only for who replaces them. */
const restored = ({ plan, request: { into } }: RestoreJob): readonly JobMount[] => {
  if (into.volume !== undefined)
    return [{ from: { kind: "new", name: into.volume }, at: volumeMount(into.volume), readOnly: false }];
  return into.database === undefined && into.directory === undefined ? sources(plan, false) : [];
};

const reached = (
  locations: readonly Location[],
  readOnly: boolean,
  sources: readonly Source[] = [],
): readonly JobMount[] => [...repositories(locations, readOnly), ...certificates(sources, locations)];

const certificates = (sources: readonly Source[], locations: readonly Location[]): readonly JobMount[] =>
  caFiles(sources, locations).map((at) => ({ from: { kind: "host", what: "certificates" }, at, readOnly: true }));

const repositories = (locations: readonly Location[], readOnly: boolean): readonly JobMount[] => {
  const paths = locations.flatMap((place) => (place.kind === "directory" ? [place.path] : []));
  return [...new Set(paths)].map((at) => ({ from: { kind: "host", what: "repository" }, at, readOnly }));
};
