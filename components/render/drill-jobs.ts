import {
  type DrillCheck,
  type DrillJob,
  type Job,
  type JobFiles,
  jobFiles,
  neededSecrets,
  type OpenJob,
  type Plan,
  type Repository,
  type Schedule,
} from "../../spec/index.ts";
import { secretRefOf } from "./secrets.ts";

/** Under this name the key for drills is among the secrets. */
export const DRILL_IDENTITY = "RESTORABLE_DRILL_IDENTITY";
/** What the container that opens a point leaves for the others, in memory. */
export const OPENED = "/run/restorable/point";
const POINT_IDENTITY = `${OPENED}/identity`;
export const SERVER_PASSWORD = "server-password";
/** Where the runner restores files to. */
export const SCRATCH = "/scratch";
export const SERVER_USER = "postgres";

/** What a drill is about. */
export interface Drilled {
  readonly repository: Repository;
  readonly plan: string;
  /** Where it was declared here. */
  readonly declared?: Plan | undefined;
  readonly schedule: Schedule;
  readonly checks: readonly DrillCheck[];
  /** Whether the pod has a server. */
  readonly server: boolean;
}

/** Opens the newest point with the key for drills. */
export const openJobOf = ({ repository, plan, server }: Drilled): OpenJob => ({
  kind: "open",
  version: 1,
  repository,
  plan,
  point: "latest",
  identity: secretRefOf(DRILL_IDENTITY),
  into: POINT_IDENTITY,
  ...(server ? { serverPassword: `${OPENED}/${SERVER_PASSWORD}` } : {}),
});

/** Restores what that key opens, whatever was backed up in the meantime. */
export const drillJobOf = ({ repository, plan, declared, schedule, checks, server }: Drilled): DrillJob => ({
  kind: "drill",
  version: 1,
  repository,
  plan,
  identity: { kind: "file", path: POINT_IDENTITY },
  scratch: { directory: SCRATCH, ...(server ? { postgres: ownServer } : {}) },
  checks: [...checks],
  ...(declared
    ? { orphans: declared.orphans, objects: declared.sources.filter((source) => source.kind === "objects") }
    : {}),
  schedule,
  record: true,
  corrupt: false,
});

/** In the same pod, where nobody else reaches it. */
const ownServer = {
  host: "127.0.0.1",
  port: 5432,
  login: { user: SERVER_USER, password: { kind: "file" as const, path: `${OPENED}/${SERVER_PASSWORD}` } },
  tls: { mode: "disable" as const },
};

/** A job with the values that it needs, and no other. */
export const filesFor = (job: Job, values: Readonly<Record<string, string>>): JobFiles => {
  const names = neededSecrets(job).flatMap((ref) => (ref.kind === "env" ? [ref.name] : []));
  return jobFiles(job, Object.fromEntries(Object.entries(values).filter(([name]) => names.includes(name))));
};
