import { AccessKey } from "@pulumi/aws/iam/accessKey.js";
import { User } from "@pulumi/aws/iam/user.js";
import { UserPolicy } from "@pulumi/aws/iam/userPolicy.js";
import * as pulumi from "@pulumi/pulumi";
import { canonicalJson, identityPolicy, policyPrefix, type Role } from "../spec/index.ts";
import type { S3CredentialsArgs } from "./args/bucket-args.ts";
import { resolved } from "./args/check-args.ts";
import type { RepositoryCredentials } from "./args/repository-args.ts";
import type { AwsBucket } from "./aws-bucket.ts";
import { identityName } from "./render/identity-name.ts";

/** For whom identities are declared, and where they may act. */
export interface IdentitiesArgs {
  readonly roles: readonly Role[];
  readonly bucket: AwsBucket;
  readonly prefix: pulumi.Input<string> | undefined;
  readonly environment: string;
  readonly keys: readonly string[] | undefined;
}

/** Declares one IAM user per role with the rights of that role and no others, and an access key for each. */
export const awsIdentities = (
  name: string,
  { roles, ...place }: IdentitiesArgs,
  opts: pulumi.CustomResourceOptions,
): RepositoryCredentials =>
  Object.fromEntries(roles.map((role) => [role, identity(`${name}-${role}`, role, place, opts)]));

const identity = (
  name: string,
  role: Role,
  { bucket, prefix, ...place }: Omit<IdentitiesArgs, "roles">,
  opts: pulumi.CustomResourceOptions,
): S3CredentialsArgs => {
  const user = new User(`${name}-user`, { name: identityName(pulumi.getProject(), pulumi.getStack(), name) }, opts);
  const policy = pulumi.all([bucket.arn, bucket.kms, prefix]).apply(([arn, kms, below]) => {
    const known = resolved(policyPrefix.optional(), name, below);
    return canonicalJson(identityPolicy(role, { arn, prefix: known, ...place }, kms));
  });
  const rights = new UserPolicy(`${name}-policy`, { user: user.name, policy }, opts);
  // A key that works before its rights are there would fail the first job that uses it.
  const key = new AccessKey(`${name}-key`, { user: user.name }, { ...opts, dependsOn: [rights] });
  return { accessKeyId: key.id, secretAccessKey: pulumi.secret(key.secret) };
};
