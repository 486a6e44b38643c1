import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { directory, dockerName, kubernetesName, postgresSource, type Source, slug } from "../../spec/index.ts";
import type { Empty, ExclusiveUnion } from "../exclusive-union.ts";
import { type ObjectsArgs, objects } from "./objects-args.ts";
import { empty, exclusive, leaf, optional, text } from "./schema.ts";

export interface LoginArgs {
  readonly user: pulumi.Input<string>;
  /** A secret. @default none: the server asks for none */
  readonly password?: pulumi.Input<string> | undefined;
}

/** How a connection is protected; the words are libpq's. */
export type TlsChoice = ExclusiveUnion<{
  disable: Empty;
  prefer: Empty;
  require: Empty;
  /**
   * `ca`: a file with the CA certificate; with target docker its absolute path on the Docker host, where jobs get it
   * mounted; with target kubernetes the path of one of the target's `certificates`.
   */
  verifyCa: { readonly ca: pulumi.Input<string> };
  verifyFull: { readonly ca: pulumi.Input<string> };
}>;

/** Where a database really runs. */
export interface ContainerArgs {
  /** The container's name. */
  readonly name: pulumi.Input<string>;
  /** The volume with its data. */
  readonly volume: pulumi.Input<string>;
}

/** One PostgreSQL database, dumped by `pg_dump`. */
export interface PostgresArgs extends LoginArgs {
  /** Its name in recovery points. @default "postgres" */
  readonly name?: string | undefined;
  readonly host: pulumi.Input<string>;
  /** @default 5432 */
  readonly port?: pulumi.Input<number> | undefined;
  readonly database: pulumi.Input<string>;
  /** Creates and renames databases at a restore, which needs more than the application's role. @default the login above */
  readonly admin?: LoginArgs | undefined;
  /** @default { prefer: {} } */
  readonly tls?: TlsChoice | undefined;
  /**
   * The container that answers as `host` must be this one, with this volume mounted, or a restore is refused before it
   * touches anything. Only with `target: { docker }`. @default not looked at
   */
  readonly container?: ContainerArgs | undefined;
  /** How `pg_dump` writes: its own archive, or a plain SQL script. @default "custom", or what the plan's layout asks for */
  readonly format?: "custom" | "sql" | undefined;
  /** Bytes of database above which rows are counted from the dump's own stream. @default 20 GiB */
  readonly countFromStreamAbove?: pulumi.Input<number> | undefined;
  /** Hours that a dump may hold its snapshot. @default 24 */
  readonly maxSnapshotHours?: pulumi.Input<number> | undefined;
  /**
   * Whether `vacuumlo` removes, before each dump, the large objects that no `oid` or `lo` column refers to. It changes the live
   * database. Never where an application keeps their numbers in columns of other types, as Hibernate does with text: those
   * would be removed. @default false
   */
  readonly vacuumlo?: pulumi.Input<boolean> | undefined;
  /** Whether a database without any row is fine. @default false */
  readonly allowEmpty?: pulumi.Input<boolean> | undefined;
  /** Parallel jobs of `pg_restore` where a scratch copy fits. @default 2 */
  readonly restoreJobs?: pulumi.Input<number> | undefined;
}

/** Which files. */
export type FilesChoice = ExclusiveUnion<{
  /** An absolute path of the machine where jobs run. Only with `target: { local }`. */
  directory: pulumi.Input<string>;
  /** A volume of the Docker host, by its name; backups read it and cannot write to it. Only with `target: { docker }`. */
  volume: pulumi.Input<string>;
  /** An absolute path of the Docker host, read in the same way. Only with `target: { docker }`. */
  hostPath: pulumi.Input<string>;
  /** A PersistentVolumeClaim of the target's namespace, by its name; backups mount it read-only. Only with `target: { kubernetes }`. */
  claim: pulumi.Input<string>;
  /** A Secret of that namespace, by its name: a file for each of its keys. A restore takes it to a directory, never back. */
  secret: pulumi.Input<string>;
}>;

/** How files are stored. */
export type FilesStoreChoice = ExclusiveUnion<{
  /** One tar stream per point: simple, and restored with nothing but tar. */
  tar: Empty;
  /** A restic snapshot per point: only what changed is read and stored, for trees of gigabytes or of many files. */
  incremental: Empty;
}>;

export interface FilesOptions {
  /** Its name in recovery points. @default "files" */
  readonly name?: string | undefined;
  /** @default { tar: {} } */
  readonly store?: FilesStoreChoice | undefined;
  /**
   * Patterns of what to leave out, relative to the directory: tar's, where `*` matches a slash; or restic's where the
   * store is incremental, where it does not and `**` does. @default none
   */
  readonly exclude?: readonly pulumi.Input<string>[] | undefined;
  /** Whether a directory without any file is fine. @default false */
  readonly allowEmpty?: pulumi.Input<boolean> | undefined;
  /**
   * Configuration that belongs to one machine: backed up with the rest, it replaces what is there only if a request
   * names it in `sources`. @default false
   */
  readonly byName?: pulumi.Input<boolean> | undefined;
  /**
   * Labels of the pods that have the claim mounted, where only one node may (ReadWriteOnce): backups run on that node.
   * Only with `claim`. @default anywhere
   */
  readonly beside?: Readonly<Record<string, pulumi.Input<string>>> | undefined;
  /**
   * Only what is below this directory of the volume, claim or host path, which itself stays where it is: `test_docker`.
   * @default all of it
   */
  readonly subdirectory?: string | undefined;
}

/** A directory, a volume or a Secret, with all that is in it. */
export type FilesArgs = FilesChoice & FilesOptions;

/** One thing that is backed up. */
export type SourceArgs = ExclusiveUnion<{ postgres: PostgresArgs; files: FilesArgs; objects: ObjectsArgs }>;

const { shape: pg } = postgresSource;
const login = { user: leaf(text), password: optional(text) };
const certificate = z.strictObject({ ca: leaf(text) });

const postgres = z.strictObject({
  ...login,
  name: slug.optional(),
  host: leaf(text),
  port: optional(pg.port.unwrap()),
  database: leaf(pg.database),
  admin: z.strictObject(login).optional(),
  tls: exclusive({
    disable: empty,
    prefer: empty,
    require: empty,
    verifyCa: certificate,
    verifyFull: certificate,
  }).optional(),
  container: z.strictObject({ name: leaf(dockerName), volume: leaf(dockerName) }).optional(),
  format: pg.format.unwrap().optional(),
  countFromStreamAbove: optional(pg.countFromStreamAbove.unwrap()),
  maxSnapshotHours: optional(pg.maxSnapshotHours.unwrap()),
  vacuumlo: optional(z.boolean()),
  allowEmpty: optional(z.boolean()),
  restoreJobs: optional(pg.restoreJobs.unwrap()),
});

const subdirectory = z
  .string()
  .regex(/^[^/\0]+(\/[^/\0]+)*$/, "expected a relative path without a slash at its ends")
  .refine((path) => !path.split("/").some((name) => name === "." || name === ".."), "must not hold '.' or '..'");

const files = exclusive(
  {
    directory: leaf(directory),
    volume: leaf(dockerName),
    hostPath: leaf(directory),
    claim: leaf(kubernetesName),
    secret: leaf(kubernetesName),
  },
  {
    name: slug.optional(),
    store: exclusive({ tar: empty, incremental: empty }).optional(),
    exclude: z.array(leaf(text)).optional(),
    allowEmpty: optional(z.boolean()),
    byName: optional(z.boolean()),
    beside: z.record(text, leaf(z.string())).optional(),
    subdirectory: subdirectory.optional(),
  },
);

export const sourceArgs = exclusive({ postgres, files, objects });

/** The name of a source in recovery points. */
export const sourceName = (source: SourceArgs): string => {
  const kind = sourceKind(source);
  return source[kind]?.name ?? kind;
};

export const sourceKind = ({ postgres, files }: SourceArgs): Source["kind"] =>
  postgres ? "postgres" : files ? "files" : "objects";
