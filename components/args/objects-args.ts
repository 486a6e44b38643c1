import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { objectsSource, s3Endpoint, slug } from "../../spec/index.ts";
import type { Empty, ExclusiveUnion } from "../exclusive-union.ts";
import { credentials, type S3CredentialsArgs, type S3EndpointArgs } from "./bucket-args.ts";
import { empty, exclusive, leaf, optional, text } from "./schema.ts";

/** How the objects of a bucket are kept. */
export type ObjectsStoreChoice = ExclusiveUnion<{
  /**
   * Each object is copied once into the plan's repository, and named again by later points as long as it does not
   * change. The copies are not encrypted by age, as everything else is: whoever reads the repository reads them, so let
   * its bucket encrypt them.
   */
  copy: Empty;
  /** The bucket is versioned: a point names the version of each object, and nothing is copied. It protects from deleting and overwriting, not from losing the bucket. */
  versions: Empty;
}>;

/** Objects of an S3 bucket below a prefix: an application's media. The bucket must be another one than the repository's. */
export interface ObjectsArgs extends Omit<S3EndpointArgs, "endpoint"> {
  /** Its name in recovery points. @default "objects" */
  readonly name?: string | undefined;
  readonly bucket: pulumi.Input<string>;
  /** Key prefix without slashes at its ends. @default the whole bucket */
  readonly prefix?: pulumi.Input<string> | undefined;
  /** Its URL. @default AWS's own endpoint of the region */
  readonly endpoint?: pulumi.Input<string> | undefined;
  /** Of an identity that lists and gets. @default the ordinary AWS credential chain */
  readonly credentials?: S3CredentialsArgs | undefined;
  /** Of an identity that puts and deletes as well: only restores use it. @default the one above */
  readonly admin?: S3CredentialsArgs | undefined;
  /** @default { copy: {} } */
  readonly store?: ObjectsStoreChoice | undefined;
  /** Whether a prefix without any object is fine. @default false */
  readonly allowEmpty?: pulumi.Input<boolean> | undefined;
}

const { shape } = objectsSource;

export const objects = z.strictObject({
  name: slug.optional(),
  bucket: leaf(shape.bucket),
  prefix: optional(shape.prefix.unwrap()),
  endpoint: optional(s3Endpoint.endpoint.unwrap()),
  region: optional(s3Endpoint.region.unwrap()),
  pathStyle: optional(z.boolean()),
  ca: optional(text),
  insecure: optional(z.boolean()),
  credentials: credentials.optional(),
  admin: credentials.optional(),
  store: exclusive({ copy: empty, versions: empty }).optional(),
  allowEmpty: optional(z.boolean()),
});
