import type * as pulumi from "@pulumi/pulumi";
import {
  bucketStatements,
  type Grant,
  identityPolicy,
  LONGEST_BUCKET_POLICY,
  lifecycleRules,
  type Policy,
  type Role,
  type Scope,
} from "../../spec/index.ts";
import type { AwsBucketArgs, BucketGuards } from "../args/bucket-args.ts";
import type { Lock } from "./lock-contract.ts";

/** What each part of a bucket on AWS is declared as; the bucket's name and region come on top. */
export const awsBucketInputs = ({ kms }: AwsBucketArgs, { lock, ...days }: BucketGuards) => ({
  bucket: lock ? { objectLockEnabled: true } : {},
  versioning: { versioningConfiguration: { status: "Enabled" } },
  lock: lock ? { rule: { defaultRetention: retentionOf(lock) } } : undefined,
  lifecycle: { rules: lifecycleRules(days).map((rule) => ({ ...rule })) },
  encryption: { rules: [encryption(kms)] },
  publicAccess: {
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  },
  // With ACLs off, whoever writes an object has no rights over it but those of its role.
  ownership: { rule: { objectOwnership: "BucketOwnerEnforced" } },
});

const retentionOf = ({ mode, days }: Lock) => ({ mode: mode === "governance" ? "GOVERNANCE" : "COMPLIANCE", days });

const encryption = (key: pulumi.Input<string> | undefined) =>
  key === undefined
    ? { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }
    : {
        applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: key },
        // One data key for many objects: KMS asks its price by the request.
        bucketKeyEnabled: true,
      };

/** The policy of a bucket on AWS: nothing without TLS, and what is granted. */
export const awsBucketPolicy = (arn: string, grants: readonly Grant[] | undefined): Policy => ({
  Version: "2012-10-17",
  Statement: bucketStatements({ arn, grants, tlsOnly: true }),
});

/** What AWS takes as the policies of one user at most, in characters. */
export const LONGEST_USER_POLICY = 2048;

/** A bucket's ARN of the greatest length. */
const LONGEST_ARN = `arn:aws-us-gov:s3:::${"x".repeat(63)}`;

/**
 * Whether the policies of a repository's identities fit, whatever the bucket's name will be.
 * @returns why not, in one sentence; undefined when they do
 */
export const tooLongForPolicies = (
  roles: readonly Role[],
  scope: Omit<Scope, "arn">,
  kms: boolean,
): string | undefined => {
  const longest = Math.max(
    ...roles.map(
      (role) =>
        JSON.stringify(identityPolicy(role, { ...scope, arn: LONGEST_ARN }, kms ? LONGEST_ARN : undefined)).length,
    ),
  );
  if (longest <= LONGEST_USER_POLICY) return undefined;
  return `is too long: with it the policy of an identity may have ${longest} characters, and AWS takes ${LONGEST_USER_POLICY}; shorten it, or give \`credentials\``;
};

/**
 * Whether a bucket's policy fits, whatever its name will be.
 * @returns why not, in one sentence; undefined when it does
 */
export const tooManyGrants = (grants: readonly Grant[]): string | undefined => {
  const { length } = JSON.stringify(awsBucketPolicy(LONGEST_ARN, grants));
  if (length <= LONGEST_BUCKET_POLICY) return undefined;
  return `are too many: the bucket's policy may have ${length} bytes, and stores take ${LONGEST_BUCKET_POLICY}; grant a whole prefix instead of its environments and plans, or use a second bucket`;
};
