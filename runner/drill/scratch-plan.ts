import {
  type DrillJob,
  type Entry,
  type FilesEntry,
  type FilesSource,
  type Manifest,
  type OrphanQuery,
  type Plan,
  type PostgresEntry,
  type PostgresSource,
  parse,
  plan as planSchema,
  postgresSource,
  type Request,
} from "../../spec/index.ts";
import { targetName } from "../restore/guards.ts";
import type { ScratchDirectory } from "./scratch-directory.ts";
import { drillDatabase } from "./scratch-server.ts";

export type ScratchSource = PostgresSource | FilesSource;

/** An entry that a drill restores; the objects of a bucket have no scratch, and are read back instead. */
type Restored = PostgresEntry | FilesEntry;

export const isRestored = (entry: Entry): entry is Restored => entry.kind !== "objects";

/** The scratch server, as a source: databases of the point are named in their order. */
export const scratchSource = ({ scratch }: Pick<DrillJob, "scratch">, name: string, index: number): PostgresSource =>
  parse(
    postgresSource,
    { kind: "postgres", ...scratch.postgres, name, database: drillDatabase(index) },
    "scratch.postgres",
  );

/** Where one entry of a point is restored to. */
export const scratchOf = (
  job: DrillJob,
  entry: Restored,
  index: number,
  { restored }: ScratchDirectory,
): ScratchSource =>
  entry.kind === "postgres"
    ? scratchSource(job, entry.name, index)
    : {
        kind: "files",
        name: entry.name,
        directory: `${restored}/${entry.name}`,
        exclude: [],
        store: { kind: "tar" },
        allowEmpty: true,
        byName: false,
      };

/** What a restore is told, with scratch for a target: so what restores in earnest restores here. */
export const scratchPlan = (
  { repository, orphans = [] }: DrillJob,
  { project, stack, plan, identity }: Manifest,
  sources: readonly ScratchSource[],
  { archive }: ScratchDirectory,
): Plan =>
  parse(
    planSchema,
    {
      version: 1,
      project,
      stack,
      name: plan,
      target: { kind: "local", ledger: archive },
      sources,
      repository,
      recipients: identity.recipients,
      orphans: orphans.filter((query) => hasBothSides(query, sources)),
    },
    "drill",
  );

const hasBothSides = ({ of, postgres }: OrphanQuery, sources: readonly ScratchSource[]): boolean => {
  const databases = sources.filter(({ kind }) => kind === "postgres");
  const rows = postgres === undefined ? databases.length === 1 : databases.some(({ name }) => name === postgres);
  return rows && sources.some(({ kind, name }) => kind === "files" && name === of);
};

/** What asks for one of them. */
export const requestFor = (plan: Plan, { id }: Manifest, source: ScratchSource): Request => ({
  id: "drill",
  point: id,
  into: source.kind === "postgres" ? { database: source.database } : { directory: source.directory },
  confirm: targetName(plan),
});
