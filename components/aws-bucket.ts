import { Bucket } from "@pulumi/aws/s3/bucket.js";
import { BucketLifecycleConfiguration } from "@pulumi/aws/s3/bucketLifecycleConfiguration.js";
import { BucketObjectLockConfiguration } from "@pulumi/aws/s3/bucketObjectLockConfiguration.js";
import { BucketOwnershipControls } from "@pulumi/aws/s3/bucketOwnershipControls.js";
import { BucketPolicy } from "@pulumi/aws/s3/bucketPolicy.js";
import { BucketPublicAccessBlock } from "@pulumi/aws/s3/bucketPublicAccessBlock.js";
import { BucketServerSideEncryptionConfiguration } from "@pulumi/aws/s3/bucketServerSideEncryptionConfiguration.js";
import { BucketVersioning } from "@pulumi/aws/s3/bucketVersioning.js";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { canonicalJson, grant } from "../spec/index.ts";
import type { AwsBucketArgs, BucketGuards } from "./args/bucket-args.ts";
import { resolved } from "./args/check-args.ts";
import { awsBucketInputs, awsBucketPolicy } from "./render/aws-bucket.ts";

/** A bucket of Amazon's, for whoever declares identities for it. */
export interface AwsBucket {
  readonly bucket: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;
  readonly kms: pulumi.Input<string> | undefined;
}

/** Declares a bucket on AWS with everything that guards it. All of it stays at `destroy`, with the data. */
export const awsBucket = (
  name: string,
  args: AwsBucketArgs,
  guards: BucketGuards,
  parent: pulumi.Resource,
): AwsBucket => {
  const { region, kms } = args;
  const inputs = awsBucketInputs(args, guards);
  const opts = { parent, retainOnDelete: true };
  const named = args.bucket === undefined ? {} : { bucket: args.bucket };
  const { bucket, arn } = new Bucket(`${name}-bucket`, { ...inputs.bucket, ...named, region }, opts);
  const of = { bucket, region };
  const versioning = new BucketVersioning(`${name}-versioning`, { ...of, ...inputs.versioning }, opts);
  // Both are about versions, and the store refuses or ignores them where there are none yet.
  const versioned = { ...opts, dependsOn: [versioning] };
  if (inputs.lock) new BucketObjectLockConfiguration(`${name}-lock`, { ...of, ...inputs.lock }, versioned);
  new BucketLifecycleConfiguration(`${name}-lifecycle`, { ...of, ...inputs.lifecycle }, versioned);
  new BucketServerSideEncryptionConfiguration(`${name}-encryption`, { ...of, ...inputs.encryption }, opts);
  new BucketOwnershipControls(`${name}-ownership`, { ...of, ...inputs.ownership }, opts);
  const closed = new BucketPublicAccessBlock(`${name}-public-access`, { ...of, ...inputs.publicAccess }, opts);
  const granted = pulumi.output(guards.grants).apply((known) => resolved(z.array(grant).optional(), name, known));
  const policy = pulumi.all([arn, granted]).apply((known) => canonicalJson(awsBucketPolicy(...known)));
  // One after the other: S3 refuses two changes of a bucket's access at once.
  new BucketPolicy(`${name}-policy`, { ...of, policy }, { ...opts, dependsOn: [closed] });
  return { bucket, arn, kms };
};
