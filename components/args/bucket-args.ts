import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { bucketJob, grant, ROLES, type Role, s3Endpoint, s3Repository } from "../../spec/index.ts";
import type { ExclusiveUnion } from "../exclusive-union.ts";
import { exclusive, leaf, optional, text } from "./schema.ts";

/** An access key of an S3 store. Both parts are treated as secrets. */
export interface S3CredentialsArgs {
  readonly accessKeyId: pulumi.Input<string>;
  readonly secretAccessKey: pulumi.Input<string>;
  readonly sessionToken?: pulumi.Input<string> | undefined;
}

/** How an S3-compatible store is reached. */
export interface S3EndpointArgs {
  /** Its URL, for example `https://s3.example.org:9000`. */
  readonly endpoint: pulumi.Input<string>;
  /** @default "us-east-1" */
  readonly region?: pulumi.Input<string> | undefined;
  /** Whether the bucket is a part of the path (true) or of the host name. @default true */
  readonly pathStyle?: pulumi.Input<boolean> | undefined;
  /**
   * A file with the CA certificate of the endpoint; a plan with target docker needs it under the same absolute path on the
   * Docker host, where jobs get it mounted. @default the system's certificates
   */
  readonly ca?: pulumi.Input<string> | undefined;
  /**
   * Whether any certificate is believed: then whoever is in between can read and answer. Only for a self-signed endpoint in
   * a network of your own; better name its `ca`. @default false
   */
  readonly insecure?: pulumi.Input<boolean> | undefined;
}

export interface CreateBucketArgs extends S3EndpointArgs {
  /** @default `<project>-<stack>-<name>`, made to fit the rules of bucket names */
  readonly bucket?: pulumi.Input<string> | undefined;
  /** Of an identity that may create and configure the bucket. */
  readonly credentials: S3CredentialsArgs;
}

export interface AdoptBucketArgs extends S3EndpointArgs {
  readonly bucket: pulumi.Input<string>;
  /** Of an identity that may configure the bucket. */
  readonly credentials: S3CredentialsArgs;
}

export interface ExistingBucketArgs extends S3EndpointArgs {
  readonly bucket: pulumi.Input<string>;
  /** What a repository in it uses that has no credentials of its own. @default the ordinary AWS credential chain */
  readonly credentials?: S3CredentialsArgs | undefined;
}

/** A bucket of Amazon's S3. It belongs to the account of the `aws` provider that the component is given. */
export interface AwsBucketArgs {
  /** Where it lies, for example `eu-north-1`. */
  readonly region: pulumi.Input<string>;
  /** @default a unique name that begins with the resource's */
  readonly bucket?: pulumi.Input<string> | undefined;
  /** The ARN of a KMS key that encrypts what is stored. @default the key of S3 itself (AES256) */
  readonly kms?: pulumi.Input<string> | undefined;
}

/** What one identity may do in the bucket. */
export interface GrantArgs {
  readonly role: Role;
  /**
   * The identity as the store names it: `arn:aws:iam:::user/packit-writer` on Ceph, the access key on versitygw. One of
   * its own, never the bucket's owner: whatever the role does not need is denied.
   */
  readonly principal: pulumi.Input<string>;
  /** The repository's prefix. @default the whole bucket */
  readonly prefix?: pulumi.Input<string> | undefined;
  /** @default every environment */
  readonly environment?: string | undefined;
  /** @default every plan */
  readonly plan?: string | undefined;
  /** Keys below the prefix that a compatible layout uses: `backup/*`, `*-aide_images-*`. @default none */
  readonly keys?: readonly string[] | undefined;
}

/** Whose bucket it is. */
export type BucketChoice = ExclusiveUnion<{
  /** A new bucket, versioned and with its lifecycle; one of ours that is there already is configured again. */
  create: CreateBucketArgs;
  /** A bucket that is there is configured as a new one would be. */
  adopt: AdoptBucketArgs;
  /** A bucket that is used as it is: nothing is declared on it. */
  existing: ExistingBucketArgs;
  /** A new bucket of Amazon's, declared with the `aws` provider. */
  aws: AwsBucketArgs;
}>;

export interface BucketGuards {
  /**
   * S3 Object Lock: for so many days nobody (`compliance`), or nobody without a special right (`governance`), deletes a
   * version. A plan whose retention keeps points for a shorter time is refused. @default no lock
   */
  readonly lock?: { readonly mode: "governance" | "compliance"; readonly days: number } | undefined;
  /** Days that noncurrent versions of expired objects stay. @default 1 */
  readonly noncurrentDays?: number | undefined;
  /** Days after which an unfinished upload is aborted. @default 7 */
  readonly abortUploadsAfterDays?: number | undefined;
  /** Who may do what, as a part of the bucket's policy. Not on an existing bucket. @default nobody but its owner */
  readonly grants?: readonly GrantArgs[] | undefined;
}

export type BackupBucketArgs = BucketChoice & BucketGuards;

export const credentials = z.strictObject({
  accessKeyId: leaf(text),
  secretAccessKey: leaf(text),
  sessionToken: optional(text),
});

const endpoint = {
  endpoint: leaf(s3Endpoint.endpoint.unwrap()),
  region: optional(s3Endpoint.region.unwrap()),
  pathStyle: optional(z.boolean()),
  ca: optional(text),
  insecure: optional(z.boolean()),
};
const bucket = s3Repository.shape.bucket;
const kmsKey = z.string().regex(/^arn:aws[a-z-]*:kms:/, "expected the ARN of a KMS key");

export const backupBucketArgs = exclusive(
  {
    create: z.strictObject({ ...endpoint, bucket: optional(bucket), credentials }),
    adopt: z.strictObject({ ...endpoint, bucket: leaf(bucket), credentials }),
    existing: z.strictObject({ ...endpoint, bucket: leaf(bucket), credentials: credentials.optional() }),
    aws: z.strictObject({ region: leaf(text), bucket: optional(bucket), kms: optional(kmsKey) }),
  },
  {
    grants: z
      .array(
        z.strictObject({
          role: z.enum(ROLES),
          principal: leaf(grant.shape.principal),
          prefix: optional(grant.shape.prefix.unwrap()),
          environment: grant.shape.environment,
          plan: grant.shape.plan,
          keys: grant.shape.keys,
        }),
      )
      .optional(),
    lock: bucketJob.shape.lock,
    noncurrentDays: bucketJob.shape.noncurrentDays.unwrap().optional(),
    abortUploadsAfterDays: bucketJob.shape.abortUploadsAfterDays.unwrap().optional(),
  },
);
