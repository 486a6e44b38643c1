import type { BackupJob, Job, JobKind } from "./job.ts";
import type { Location, Role } from "./repository.ts";
import type { SecretRef } from "./scalars.ts";
import { isIncremental, type Source } from "./source.ts";

/** Jobs that work in a plan's part of a repository. */
type RepositoryJob = Exclude<JobKind, "bucket" | "copy" | "ledger" | "orphans">;

const ROLE: Record<RepositoryJob, Role> = {
  backup: "writer",
  catalog: "reader",
  verify: "reader",
  drill: "reader",
  inspect: "reader",
  open: "reader",
  prune: "pruner",
  check: "reader",
  mark: "pruner",
  restore: "reader",
};

/** Whose credentials a job uses at its repository. */
export const roleOf = (kind: RepositoryJob): Role => ROLE[kind];

/** The credentials of a role; the writer's where the role has none of its own. */
export const credentialsOf = (location: Location, role: Role) =>
  location.kind === "s3" ? (location.credentials?.[role] ?? location.credentials?.writer) : undefined;

const locationRefs = (location: Location, role: Role): SecretRef[] => {
  const credentials = credentialsOf(location, role);
  return credentials ? Object.values(credentials).filter((ref): ref is SecretRef => ref !== undefined) : [];
};

/** Every secret that a job needs, and no other: what a launcher hands over. */
export const neededSecrets = (value: Job): readonly SecretRef[] => {
  switch (value.kind) {
    case "bucket":
      return Object.values(value.credentials).filter((ref): ref is SecretRef => ref !== undefined);
    case "backup":
      return present([
        ...locationRefs(value.plan.repository.location, "writer"),
        value.plan.repository.signingKey,
        ...filesPassword(value.plan),
        ...logins(value.plan, false),
      ]);
    case "restore":
      if (value.action === "state") return [];
      if (value.action === "open") return locationRefs(value.from.repository.location, "reader");
      return present([
        ...locationRefs(value.from.repository.location, "reader"),
        ...locationRefs(value.plan.repository.location, "writer"),
        value.plan.repository.signingKey,
        ...filesPassword(value.plan), // a restore in place takes a safety backup first
        value.identity,
        ...logins(value.plan, true),
      ]);
    case "verify":
      return present([
        ...locationRefs(value.repository.location, "reader"),
        ...locationRefs(value.repository.location, "prover"),
        value.identity,
        value.repository.proverKey,
        ...(value.objects ?? []).flatMap((source) => sourceRefs(source, false)),
      ]);
    case "drill":
      return present([
        ...locationRefs(value.repository.location, "reader"),
        ...locationRefs(value.repository.location, "prover"),
        value.identity,
        value.repository.proverKey,
        value.scratch.postgres?.login.password,
        ...(value.objects ?? []).flatMap((source) => sourceRefs(source, false)),
      ]);
    case "open":
      return [...locationRefs(value.repository.location, "reader"), value.identity];
    case "inspect":
      return present([...locationRefs(value.repository.location, "reader"), value.identity]);
    case "check":
      return present([
        ...locationRefs(value.repository.location, "reader"),
        ...(value.objects ?? []).flatMap((source) => sourceRefs(source, false)),
      ]);
    case "copy":
      return [...locationRefs(value.from.location, "reader"), ...locationRefs(value.to.location, "writer")];
    case "catalog":
      return locationRefs(value.repository.location, "reader");
    case "ledger":
      return value.find ? locationRefs(value.find.repository.location, "reader") : [];
    case "orphans":
      return present(logins(value.plan, false));
    case "prune":
      return present([...locationRefs(value.repository.location, "pruner"), value.repository.filesPassword]);
    case "mark":
      return locationRefs(value.repository.location, "pruner");
  }
};

const filesPassword = ({
  sources,
  repository: { filesPassword: ref },
}: BackupJob["plan"]): (SecretRef | undefined)[] => (sources.some(isIncremental) ? [ref] : []);

/** Of the sources; who may write to a bucket of media is needed at a restore only. */
const logins = ({ sources }: BackupJob["plan"], restoring: boolean): (SecretRef | undefined)[] =>
  sources.flatMap((source) => sourceRefs(source, restoring));

const sourceRefs = (source: Source, restoring: boolean): (SecretRef | undefined)[] => {
  switch (source.kind) {
    case "postgres":
      return [source.login.password, source.admin?.password];
    case "objects":
      return [...Object.values(source.credentials ?? {}), ...Object.values((restoring && source.admin) || {})];
    case "files":
      return [];
  }
};

const present = (refs: readonly (SecretRef | undefined)[]): SecretRef[] => refs.filter((ref) => ref !== undefined);
