import { z } from "zod";
import { s3Credentials, s3Endpoint, s3Repository } from "./repository.ts";
import { bytes, instant, sha256, slug } from "./scalars.ts";

/** Objects of an S3 bucket below a prefix: an application's media. */
export const objectsSource = z.strictObject({
  kind: z.literal("objects"),
  name: slug,
  bucket: s3Repository.shape.bucket,
  /** Key prefix without slashes at its ends; empty for the whole bucket. */
  prefix: s3Repository.shape.prefix,
  ...s3Endpoint,
  /** Lists and gets. Absent: the ordinary AWS credential chain. */
  credentials: s3Credentials.optional(),
  /** Puts and deletes as well, at a restore. @default the credentials above */
  admin: s3Credentials.optional(),
  /**
   * `copy`: each object is copied into the plan's repository once, as it is. `versions`: the bucket is versioned, and a
   * point names the version of each object; nothing is copied. @default copy
   */
  store: z
    .discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("copy") }),
      z.strictObject({ kind: z.literal("versions") }),
    ])
    .default({ kind: "copy" }),
  /** @default false: a prefix without any object is refused */
  allowEmpty: z.boolean().default(false),
});
export type ObjectsSource = z.infer<typeof objectsSource>;

/** What S3 keeps about an object beside its bytes. */
export const objectHeaders = z.strictObject({
  contentType: z.string().optional(),
  cacheControl: z.string().optional(),
  contentDisposition: z.string().optional(),
  contentEncoding: z.string().optional(),
  contentLanguage: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
});
export type ObjectHeaders = z.infer<typeof objectHeaders>;

/** One copy in the repository: a line of a point's list of copies, which is not encrypted, so that a prune can read it. */
export const storedCopy = z.strictObject({
  /** Relative to the plan's own prefix; written once, by the point in its name, and named by later ones. */
  stored: z.string().min(1),
  /** On versioned stores: the version that counts. */
  versionId: z.string().optional(),
  bytes,
  sha256,
  headers: objectHeaders.optional(),
});
export type StoredCopy = z.infer<typeof storedCopy>;

/** One object of a point: a line of its index, in the order of the keys. */
export const indexedObject = z.strictObject({
  /** Relative to the source's prefix. */
  key: z.string().min(1),
  bytes,
  etag: z.string(),
  modified: instant,
  /** Where its bytes are: a copy, or a version in the bucket itself. */
  at: z.union([storedCopy, z.strictObject({ sourceVersion: z.string().min(1) })]),
});
export type IndexedObject = z.infer<typeof indexedObject>;
