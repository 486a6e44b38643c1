import { z } from "zod";
import { bytes, count, instant, pointId, publicKey, recipient, sha256, slug } from "./scalars.ts";
import { timescale } from "./timescale.ts";

/** One stored object of a recovery point. */
export const artifact = z.strictObject({
  /** `dump`, `globals`, `files`, the `index` of a bucket's objects, or the `password` of the restic repository that a snapshot lies in. */
  role: z.enum(["dump", "globals", "files", "index", "password"]),
  /** Relative to the plan's own prefix. */
  key: z.string().min(1),
  /** Present where a compatible layout gives the key: then it is relative to the root of the repository. */
  below: z.literal("repository").optional(),
  /** On versioned stores: the version that counts, whatever was written over the key later. */
  versionId: z.string().optional(),
  bytes,
  sha256,
  format: z.enum(["pg-custom", "sql", "tar", "ndjson", "text"]),
  /** `lz4`: only of an older tool's. */
  compression: z.enum(["zstd", "lz4", "none"]),
  /** `none`: whoever can read the repository can read it. `gpg`: only of an older tool's. */
  encryption: z.enum(["age", "gpg", "none"]),
});
export type Artifact = z.infer<typeof artifact>;

export const tableCount = z.strictObject({ schema: z.string(), table: z.string(), rows: count });
export type TableCount = z.infer<typeof tableCount>;

export const extension = z.strictObject({ name: z.string(), version: z.string(), schema: z.string() });

export const postgresEntry = z.strictObject({
  kind: z.literal("postgres"),
  name: slug,
  host: z.string(),
  port: z.number().int(),
  database: z.string(),
  server: z.strictObject({ version: z.string(), major: z.number().int(), systemIdentifier: z.string().optional() }),
  /** The lowest major of `pg_restore` that reads the archive; 0 for plain SQL, which `psql` of any major runs. */
  leastPgRestore: z.number().int(),
  extensions: z.array(extension),
  encoding: z.string(),
  /** Settings that a restore must know, e.g. `timescaledb.*`. */
  settings: z.record(z.string(), z.string()).default({}),
  /** When the snapshot was exported, and where in the WAL. */
  snapshot: z.strictObject({ at: instant, lsn: z.string() }),
  /** Size of the database on disk. */
  databaseBytes: bytes,
  counts: z.array(tableCount),
  /** How rows were counted. */
  countedBy: z.enum(["snapshot", "stream"]),
  rows: count,
  largeObjects: count,
  /** Where the database has TimescaleDB. */
  timescale: timescale.optional(),
  /** Large objects that nothing referred to, removed by `vacuumlo` before the dump; absent where the plan did not want that. */
  removedLargeObjects: count.optional(),
  artifacts: z.array(artifact).min(1),
});
export type PostgresEntry = z.infer<typeof postgresEntry>;

export const fileCounts = z.strictObject({
  files: count,
  directories: count,
  symlinks: count,
  hardLinks: count,
  other: count,
  /** Sum of the sizes of regular files. */
  bytes,
});
export type FileCounts = z.infer<typeof fileCounts>;

/** The restic snapshot that holds a directory, in the restic repository below `files/` of the plan. */
export const resticSnapshot = z.strictObject({
  /** All 64 digits. The snapshot's own object is `files/snapshots/<id>`. */
  id: sha256,
  /** Where the directory is in the snapshot: a slash and its name. */
  path: z.string().regex(/^\/[^/]+$/),
  /** The restic that made it. */
  version: z.string(),
  /** Sum of the sizes of regular files, a file counted once for each of its names. */
  bytes,
  /** What this snapshot added to the restic repository, as it is stored there. */
  addedBytes: bytes,
});
export type ResticSnapshot = z.infer<typeof resticSnapshot>;

export const filesEntry = z.strictObject({
  kind: z.literal("files"),
  name: slug,
  directory: z.string(),
  started: instant,
  finished: instant,
  counts: fileCounts,
  /** What tar or restic said about files that changed or vanished while they were read. */
  changed: z.array(z.string()),
  /** Where the files are if not in an artifact. The artifact is then the password. */
  snapshot: resticSnapshot.optional(),
  artifacts: z.array(artifact).min(1),
});
export type FilesEntry = z.infer<typeof filesEntry>;

export const objectCounts = z.strictObject({ objects: count, bytes });
export type ObjectCounts = z.infer<typeof objectCounts>;

export const objectsEntry = z.strictObject({
  kind: z.literal("objects"),
  name: slug,
  bucket: z.string(),
  prefix: z.string(),
  endpoint: z.string().optional(),
  region: z.string(),
  pathStyle: z.boolean(),
  started: instant,
  finished: instant,
  store: z.enum(["copy", "versions"]),
  counts: objectCounts,
  /** What this point copied; the rest was there from earlier ones. */
  copied: objectCounts,
  /** Objects that changed or vanished while they were read; at most 100 of them. */
  changed: z.array(z.string()),
  /** The list of copies: compressed, not encrypted, because a prune has to read it. Only with `copy`. */
  copies: z
    .strictObject({
      key: z.string().min(1),
      versionId: z.string().optional(),
      bytes,
      sha256,
      compression: z.literal("zstd"),
      /** Only of a point that was read from a copy: the versions in the list are those of the store it was copied from. */
      elsewhere: z.literal(true).optional(),
    })
    .optional(),
  artifacts: z.array(artifact).min(1),
});
export type ObjectsEntry = z.infer<typeof objectsEntry>;

export const entry = z.discriminatedUnion("kind", [postgresEntry, filesEntry, objectsEntry]);
export type Entry = z.infer<typeof entry>;

/** What a point put into the repository for these sources: its artifacts, and what its snapshots added. */
export const storedBytes = (sources: readonly Entry[]): number =>
  sources
    .flatMap((each) => [
      ...each.artifacts.map((stored) => stored.bytes),
      each.kind === "files" ? (each.snapshot?.addedBytes ?? 0) : 0,
    ])
    .reduce((sum, more) => sum + more, 0);

export const flag = z.strictObject({ code: z.enum(["shrunk", "empty"]), fact: z.string() });
export type Flag = z.infer<typeof flag>;

/** What one recovery point is. No manifest, no recovery point. */
export const manifest = z.strictObject({
  version: z.literal(1),
  id: pointId,
  plan: slug,
  environment: slug,
  project: z.string(),
  stack: z.string(),
  host: z.string(),
  started: instant,
  finished: instant,
  moment: z.enum(["database-first", "quiesced"]),
  tools: z.record(z.string(), z.string()),
  sources: z.array(entry).min(1),
  /** This point's own key, encrypted to the plan's recipients. */
  identity: z.strictObject({
    key: z.string(),
    versionId: z.string().optional(),
    recipient,
    recipients: z.array(recipient).min(1),
    bytes,
    sha256,
  }),
  flags: z.array(flag),
  previous: pointId.optional(),
  /** The sources as the plan described them, with secrets by reference: enough to restore without any Pulumi state. */
  plannedSources: z.array(z.unknown()),
  /** How to restore this point with standard tools only. */
  commands: z.array(z.string()),
});
export type Manifest = z.infer<typeof manifest>;

export const signature = z.strictObject({ algorithm: z.literal("ed25519"), publicKey, value: z.string() });
export type Signature = z.infer<typeof signature>;

/** What a copy job writes beside a manifest that it copied as it is. */
export const copied = z.strictObject({
  at: instant,
  by: z.string(),
  /** Of the manifest's object in the repository where the point was made. */
  sha256,
  /** On versioned stores: the versions of the copies, by `copiedName`. The manifest names those of the first repository. */
  versions: z.record(z.string(), z.string()),
});
export type Copied = z.infer<typeof copied>;

/** What is stored under `catalog/`: the manifest and the signature of its canonical JSON. */
export const signedManifest = z.strictObject({
  manifest,
  signature: signature.optional(),
  /** Only in a copy. Nobody signs it: what it leads to is compared with the manifest's digests. */
  copied: copied.optional(),
});
export type SignedManifest = z.infer<typeof signedManifest>;
