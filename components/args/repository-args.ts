import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { directory, layoutPatterns, publicKey, s3Repository, slug } from "../../spec/index.ts";
import { BackupBucket } from "../backup-bucket.ts";
import type { Empty, ExclusiveUnion } from "../exclusive-union.ts";
import { credentials, type S3CredentialsArgs } from "./bucket-args.ts";
import { empty, exclusive, leaf, optional } from "./schema.ts";

/** The identities of a repository in a bucket. One that is missing acts as the writer. */
export interface RepositoryCredentials {
  /** Puts points below the prefix. @default the bucket's credentials */
  readonly writer?: S3CredentialsArgs | undefined;
  /** Gets and lists. */
  readonly reader?: S3CredentialsArgs | undefined;
  /** Tags, or deletes where the store has no lifecycle for tags. */
  readonly pruner?: S3CredentialsArgs | undefined;
  /** Puts proofs. */
  readonly prover?: S3CredentialsArgs | undefined;
}

export interface S3RepositoryArgs {
  readonly bucket: BackupBucket;
  /** Key prefix without slashes at its ends. @default the whole bucket */
  readonly prefix?: pulumi.Input<string> | undefined;
  /** @default on AWS one IAM user per role, declared here; else the bucket's credentials for everybody, and a warning says so */
  readonly credentials?: RepositoryCredentials | undefined;
  /**
   * Keys below the prefix that a compatible layout of a plan uses (`backup/*`, `*-aide_images-*`), for the rights of
   * the identities that are declared here. @default none
   */
  readonly keys?: readonly string[] | undefined;
}

/** Where recovery points live. */
export type RepositoryLocation = ExclusiveUnion<{
  s3: S3RepositoryArgs;
  /** An absolute path on the machine where jobs run. */
  directory: pulumi.Input<string>;
}>;

/** An Ed25519 key pair. */
export interface KeyPairArgs {
  /** PKCS #8 PEM. A secret. */
  readonly privateKey: pulumi.Input<string>;
  /** The 32 raw bytes in base64. */
  readonly publicKey: pulumi.Input<string>;
}

/** Who signs. */
export type SigningChoice = ExclusiveUnion<{
  /** A key pair is made once and kept, encrypted, in the stack's state. */
  generate: Empty;
  key: KeyPairArgs;
  /** Nobody: this repository is only read, for example another environment's. Name whom to believe in `trusted`. */
  none: Empty;
}>;

export interface RepositoryOptions {
  /** Part of every path in the repository, so that two environments never share a catalog. @default the stack's name */
  readonly environment?: string | undefined;
  /** Who signs manifests, as the writer. @default { generate: {} } */
  readonly signing?: SigningChoice | undefined;
  /** Who signs proofs, as the prover. @default { generate: {} }, or nobody where `signing` is none */
  readonly proving?: SigningChoice | undefined;
  /**
   * Password of the restic repositories of plans that store files incrementally. A secret. To read or go on with ones
   * that were made before this stack's state: `age --decrypt` of their files-password.age tells it.
   * @default one is made once and kept, encrypted, in the stack's state; none where `signing` is none
   */
  readonly filesPassword?: pulumi.Input<string> | undefined;
  /** Public keys whose manifests are believed as well: of another environment, or of a key before it was changed. */
  readonly trusted?: readonly pulumi.Input<string>[] | undefined;
  /** Public keys whose proofs are believed as well. */
  readonly provers?: readonly pulumi.Input<string>[] | undefined;
}

export type RepositoryArgs = RepositoryLocation & RepositoryOptions;

const signing = exclusive({
  generate: empty,
  key: z.strictObject({
    privateKey: leaf(
      z.string().regex(/^-----BEGIN PRIVATE KEY-----/, "expected an Ed25519 private key as PKCS #8 PEM"),
    ),
    publicKey: leaf(publicKey),
  }),
  none: empty,
});

export const repositoryArgs = exclusive(
  {
    s3: z.strictObject({
      bucket: z.custom<BackupBucket>(BackupBucket.isInstance, "expected a BackupBucket"),
      prefix: optional(s3Repository.shape.prefix.unwrap()),
      keys: layoutPatterns.optional(),
      credentials: z
        .strictObject({
          writer: credentials.optional(),
          reader: credentials.optional(),
          pruner: credentials.optional(),
          prover: credentials.optional(),
        })
        .optional(),
    }),
    directory: leaf(directory),
  },
  {
    environment: slug.optional(),
    signing: signing.optional(),
    proving: signing.optional(),
    filesPassword: optional(z.string().min(1)),
    trusted: z.array(leaf(publicKey)).optional(),
    provers: z.array(leaf(publicKey)).optional(),
  },
);
