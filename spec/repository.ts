import { z } from "zod";
import { directory, publicKey, secretRef, slug } from "./scalars.ts";

export const s3Credentials = z.strictObject({
  accessKeyId: secretRef,
  secretAccessKey: secretRef,
  sessionToken: secretRef.optional(),
});
export type S3Credentials = z.infer<typeof s3Credentials>;

/** Who does what in a repository: the writer puts, the reader reads, the pruner tags or deletes, the prover writes proofs. */
export const ROLES = ["writer", "reader", "pruner", "prover"] as const;
export type Role = (typeof ROLES)[number];

/** How the store is reached: what a bucket job needs as well. */
export const s3Endpoint = {
  /** @default AWS's own endpoint of the region */
  endpoint: z.url({ protocol: /^https?$/ }).optional(),
  region: z.string().min(1).default("us-east-1"),
  pathStyle: z.boolean().default(true),
  /** A file with the CA certificate of the endpoint. */
  ca: z.string().min(1).optional(),
  /** Any certificate is believed, so whoever is in between can read and answer. `ca` is better wherever it can be had. @default false */
  insecure: z.boolean().optional(),
};

export const s3Repository = z.strictObject({
  kind: z.literal("s3"),
  bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "expected an S3 bucket name"),
  /** Key prefix without slashes at its ends; empty for the whole bucket. */
  prefix: z
    .string()
    .regex(/^$|^[^/]+(\/[^/]+)*$/, "expected a prefix without slashes at its ends, like 'backups/montagu'")
    .default(""),
  ...s3Endpoint,
  /** By role; a role that is missing uses the writer's. Absent: the ordinary AWS credential chain. */
  credentials: z
    .strictObject({
      writer: s3Credentials,
      reader: s3Credentials.optional(),
      pruner: s3Credentials.optional(),
      prover: s3Credentials.optional(),
    })
    .partial({ writer: true })
    .optional(),
});
export type S3Repository = z.infer<typeof s3Repository>;

export const directoryRepository = z.strictObject({ kind: z.literal("directory"), path: directory });
export type DirectoryRepository = z.infer<typeof directoryRepository>;

export const location = z.discriminatedUnion("kind", [s3Repository, directoryRepository]);
export type Location = z.infer<typeof location>;

/** A bucket and how its store is reached. */
export type BucketPlace = Pick<S3Repository, "bucket" | "endpoint">;

/** Whether objects and a repository lie in one bucket. The names of AWS's own buckets are unique in all regions. */
export const isSameBucket = (place: BucketPlace, location: Location): boolean =>
  location.kind === "s3" && location.bucket === place.bucket && storeOf(location) === storeOf(place);

const storeOf = ({ endpoint }: BucketPlace): string => {
  if (endpoint === undefined) return "amazonaws.com";
  const { hostname, port, protocol } = new URL(endpoint);
  if (hostname.endsWith(".amazonaws.com")) return "amazonaws.com";
  return `${hostname}:${port || (protocol === "https:" ? "443" : "80")}`;
};

/** Where recovery points live, and whose signatures count. */
export const repository = z.strictObject({
  environment: slug,
  location,
  /** Public keys whose manifests are believed. */
  trusted: z.array(publicKey).default([]),
  /** Ed25519 private key of the writer (PKCS #8 PEM); only a backup needs it. */
  signingKey: secretRef.optional(),
  /** Whose proofs count for retention. @default the trusted keys */
  provers: z.array(publicKey).optional(),
  /** Password of the restic repositories of plans with incremental files; a backup and a prune of those need it. */
  filesPassword: secretRef.optional(),
  /** Ed25519 private key of the prover (PKCS #8 PEM); only a verify needs it. */
  proverKey: secretRef.optional(),
});
export type Repository = z.infer<typeof repository>;

/** What speaks against copying points from one repository to another; undefined where nothing does. */
export const copyMistake = (from: Repository, to: Repository): string | undefined => {
  if (from.environment !== to.environment)
    return `a copy keeps its environment: expected '${from.environment}', not '${to.environment}'`;
  return isSamePlace(from.location, to.location)
    ? "both repositories lie in the same place: whoever loses one loses both"
    : undefined;
};

const isSamePlace = (one: Location, other: Location): boolean =>
  one.kind === "directory"
    ? other.kind === "directory" && one.path === other.path
    : isSameBucket(one, other) && other.kind === "s3" && one.prefix === other.prefix;
