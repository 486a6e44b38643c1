import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { BackupBucket, type RepositoryCredentials, type S3CredentialsArgs } from "../components/index.ts";
import { ROLES } from "../spec/index.ts";

const place = z.strictObject({
  bucket: z.string(),
  endpoint: z.string(),
  region: z.string().optional(),
  /** Any certificate is believed: see `S3EndpointArgs`. */
  insecure: z.boolean().optional(),
});

/** The schema of a bucket: `create` has it made by this stack. */
export const bucketConfig = z.union([
  z.strictObject({ create: place }),
  z.strictObject({ adopt: place }),
  z.strictObject({ existing: place }),
]);

/** The schema of its lock: nobody deletes a version for so long. */
export const lockConfig = z.strictObject({ mode: z.enum(["governance", "compliance"]), days: z.number() }).optional();

export const declaredBucket = (
  name: string,
  choice: z.output<typeof bucketConfig>,
  credentials: S3CredentialsArgs,
  lock?: z.output<typeof lockConfig>,
): BackupBucket => {
  if ("create" in choice) return new BackupBucket(name, { create: { ...choice.create, credentials }, lock });
  if ("adopt" in choice) return new BackupBucket(name, { adopt: { ...choice.adopt, credentials }, lock });
  return new BackupBucket(name, { existing: { ...choice.existing, credentials }, lock });
};

/** The secrets `accessKeyId` and `secretAccessKey`; with a name of what they are for, `mediaAccessKeyId` and so on. */
export const credentialsOf = (config: pulumi.Config, name?: string): S3CredentialsArgs => ({
  accessKeyId: config.requireSecret(name === undefined ? "accessKeyId" : `${name}AccessKeyId`),
  secretAccessKey: config.requireSecret(name === undefined ? "secretAccessKey" : `${name}SecretAccessKey`),
});

/**
 * Identities by role where the store has some: the secrets `writerAccessKeyId`, `writerSecretAccessKey`, the same of
 * reader, pruner and prover. A role that is not given acts as the writer; with none, everybody uses the bucket's own keys.
 */
export const identitiesOf = (config: pulumi.Config): RepositoryCredentials | undefined => {
  const given = ROLES.filter((role) => config.getSecret(`${role}AccessKeyId`) !== undefined);
  return given.length === 0
    ? undefined
    : Object.fromEntries(given.map((role) => [role, credentialsOf(config, role)] as const));
};
