import { z } from "zod";
import { objectsSource } from "./objects.ts";
import { argv, bytes, directory, secretRef, slug } from "./scalars.ts";
import { dockerName, kubernetesName } from "./target.ts";

export const tls = z.discriminatedUnion("mode", [
  z.strictObject({ mode: z.literal("disable") }),
  z.strictObject({ mode: z.literal("prefer") }),
  z.strictObject({ mode: z.literal("require") }),
  z.strictObject({ mode: z.literal("verify-ca"), ca: z.string().min(1) }),
  z.strictObject({ mode: z.literal("verify-full"), ca: z.string().min(1) }),
]);
export type Tls = z.infer<typeof tls>;

/** A role and where its password is. No password means that the server asks for none. */
export const login = z.strictObject({ user: z.string().min(1), password: secretRef.optional() });
export type Login = z.infer<typeof login>;

const identifier = z
  .string()
  .min(1)
  .refine((name) => new TextEncoder().encode(name).length <= 63, "PostgreSQL names have at most 63 bytes")
  .refine((name) => !name.includes("\0"), "a name cannot hold a NUL byte");

/** One database of a PostgreSQL server, dumped by `pg_dump`. */
export const postgresSource = z.strictObject({
  kind: z.literal("postgres"),
  name: slug,
  host: z.string().min(1),
  port: z.number().int().min(1).max(65535).default(5432),
  database: identifier,
  login,
  /** Creates and renames databases at a restore. @default the login above */
  admin: login.optional(),
  tls: tls.default({ mode: "prefer" }),
  /**
   * On a Docker host: the container that answers as `host` must be this one, with this volume mounted, or a restore is
   * refused. Another compose file may have started another database under the same name.
   */
  container: z.strictObject({ name: dockerName, volume: dockerName }).optional(),
  /** How `pg_dump` writes: its own archive, or a plain SQL script that `psql` runs. @default "custom" */
  format: z.enum(["custom", "sql"]).default("custom"),
  /** Bytes of database above which rows are counted from the dump's own stream, not by a second read. @default 20 GiB */
  countFromStreamAbove: bytes.default(20 * 1024 ** 3),
  /** Hours the dump may hold its snapshot before the backup is ended and reported. @default 24 */
  maxSnapshotHours: z.number().positive().default(24),
  /**
   * Whether `vacuumlo` removes, before each dump, the large objects that no `oid` or `lo` column refers to. It changes the live
   * database. Never where an application keeps their numbers in columns of other types, as Hibernate does with text: those
   * would be removed. @default false
   */
  vacuumlo: z.boolean().default(false),
  /** @default false: a database without any row is refused */
  allowEmpty: z.boolean().default(false),
  /** Parallel jobs of `pg_restore` where a scratch copy fits. @default 2 */
  restoreJobs: z.number().int().min(1).max(64).default(2),
});
export type PostgresSource = z.infer<typeof postgresSource>;

/** What is mounted at a source's directory in the containers of its jobs. */
export const mount = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("volume"), name: dockerName }),
  /** A directory of the Docker host. */
  z.strictObject({ kind: z.literal("bind"), path: directory }),
  /** A PersistentVolumeClaim of the target's namespace. */
  z.strictObject({
    kind: z.literal("claim"),
    name: kubernetesName,
    /** Labels of pods on whose node a job must run, because only one node may mount the volume. @default anywhere */
    beside: z.record(z.string().min(1), z.string()).optional(),
  }),
  /** A Secret of the target's namespace, a file for each of its keys. Nothing is ever written into it: a restore takes it to a directory. */
  z.strictObject({ kind: z.literal("secret"), name: kubernetesName }),
]);
export type Mount = z.infer<typeof mount>;

/** What is mounted, for people. */
export const mountText = (value: Mount): string => {
  switch (value.kind) {
    case "volume":
      return `volume ${value.name}`;
    case "bind":
      return `directory ${value.path} of the host`;
    case "claim":
      return `volume claim ${value.name}`;
    case "secret":
      return `Secret ${value.name}`;
  }
};

/** How the files of a directory are stored. */
export const filesStore = z.discriminatedUnion("kind", [
  /** One tar stream per point. */
  z.strictObject({ kind: z.literal("tar") }),
  /** A restic snapshot per point, in a restic repository that all points of the plan share: only what changed is stored. */
  z.strictObject({ kind: z.literal("incremental") }),
]);
export type FilesStore = z.infer<typeof filesStore>;

/** A directory with all that is in it. */
export const filesSource = z.strictObject({
  kind: z.literal("files"),
  name: slug,
  /**
   * As jobs see it; in containers `sourceMount` of the name, where the mount is, or a directory below it: of a Secret
   * `..data`, the link that Kubernetes turns to the newest files, which are plain ones there.
   */
  directory,
  /** Only where jobs run in containers. */
  mount: mount.optional(),
  /** Relative to the directory: tar's patterns, where `*` matches a slash; or, where the store is incremental, restic's, where it does not and `**` does. */
  exclude: z.array(z.string().min(1)).default([]),
  /** @default tar */
  store: filesStore.default({ kind: "tar" }),
  /** @default false: a directory without any file is refused */
  allowEmpty: z.boolean().default(false),
  /** Configuration that belongs to one machine: it replaces what is there only if the request names it. @default false */
  byName: z.boolean().default(false),
});
export type FilesSource = z.infer<typeof filesSource>;

/** Whether it lies where pods only read. */
export const isSecret = (source: Source): boolean => source.kind === "files" && source.mount?.kind === "secret";

export const source = z.discriminatedUnion("kind", [postgresSource, filesSource, objectsSource]);
export type Source = z.infer<typeof source>;

/** Whether its points are restic snapshots. */
export const isIncremental = (value: Source): boolean => value.kind === "files" && value.store.kind === "incremental";

/** Programs that run against the restored copy before it is swapped in; they get PGHOST, PGPORT, PGUSER, PGDATABASE, PGPASSWORD and RESTORABLE_DIRECTORY. */
export const hooks = z.strictObject({ afterRestore: z.array(argv).default([]) });
export type Hooks = z.infer<typeof hooks>;
