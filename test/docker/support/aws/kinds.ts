import { randomBytes } from "node:crypto";
import {
  type BucketLifecycleConfiguration,
  CreateBucketCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
} from "@aws-sdk/client-s3";
import { iamRequest, rgw, s3 } from "./rgw.ts";

export type Inputs = Readonly<Record<string, unknown>>;

export interface Applied {
  readonly id: string;
  /** Outputs beside the inputs. */
  readonly outs: Readonly<Record<string, unknown>>;
}

interface Common {
  /** What components may give it here; anything else is a mistake. */
  readonly inputs: readonly string[];
  readonly replaces?: readonly string[];
  /** Gives it the name that the real provider would make up. */
  readonly named?: (resource: string, olds: Inputs, news: Inputs) => Record<string, unknown>;
}

/** A kind of resource: how it is applied to RGW, or why it cannot be. */
export type Kind = Common &
  (
    | {
        readonly apply: (inputs: Inputs, id?: string) => Promise<Applied>;
        readonly remove?: (id: string, olds: Inputs) => Promise<unknown>;
      }
    | { readonly cannot: string }
  );

/** The mark of a secret in the engine's JSON. */
const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

/** `{ noncurrentDays: 1 }` as the SDK spells it: `{ NoncurrentDays: 1 }`. */
const sdk = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sdk);
  if (typeof value !== "object" || value === null) return value;
  const spelt = (key: string) => (key === "id" ? "ID" : key.charAt(0).toUpperCase() + key.slice(1));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [spelt(key), sdk(inner)]));
};

const ofBucket = (inputs: readonly string[], send: (Bucket: string, inputs: Inputs) => Promise<unknown>): Kind => ({
  inputs: ["bucket", "region", ...inputs],
  replaces: ["bucket"],
  apply: async (given) => {
    const Bucket = String(given.bucket);
    await send(Bucket, given);
    return { id: Bucket, outs: {} };
  },
});

const KINDS: Readonly<Record<string, Kind>> = {
  "aws:s3/bucket:Bucket": {
    inputs: ["bucket", "region", "objectLockEnabled"],
    replaces: ["bucket", "region", "objectLockEnabled"],
    named: (resource, olds, news) => ({
      ...news,
      bucket: news.bucket ?? olds.bucket ?? `${resource.toLowerCase()}-${randomBytes(4).toString("hex").slice(1)}`,
    }),
    apply: async ({ bucket, objectLockEnabled }, id) => {
      const Bucket = String(bucket);
      const lock = objectLockEnabled ? { ObjectLockEnabledForBucket: true } : {};
      if (id === undefined) await s3().send(new CreateBucketCommand({ Bucket, ...lock }));
      return { id: Bucket, outs: { arn: `arn:aws:s3:::${Bucket}` } };
    },
  },
  "aws:s3/bucketVersioning:BucketVersioning": ofBucket(["versioningConfiguration"], (Bucket, inputs) =>
    s3().send(
      new PutBucketVersioningCommand({
        Bucket,
        VersioningConfiguration: sdk(inputs.versioningConfiguration) as object,
      }),
    ),
  ),
  "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": ofBucket(["rule"], (Bucket, { rule }) =>
    s3().send(
      new PutObjectLockConfigurationCommand({
        Bucket,
        ObjectLockConfiguration: { ObjectLockEnabled: "Enabled", Rule: sdk(rule) as object },
      }),
    ),
  ),
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": ofBucket(["rules"], (Bucket, { rules }) =>
    s3().send(
      new PutBucketLifecycleConfigurationCommand({
        Bucket,
        LifecycleConfiguration: { Rules: sdk(rules) } as BucketLifecycleConfiguration,
      }),
    ),
  ),
  "aws:s3/bucketPolicy:BucketPolicy": ofBucket(["policy"], (Bucket, { policy }) =>
    s3().send(new PutBucketPolicyCommand({ Bucket, Policy: String(policy) })),
  ),
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
    inputs: ["bucket", "region", "rules"],
    cannot: "without a key server RGW refuses every object of a bucket that is to be encrypted",
  },
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {
    inputs: [
      ...["bucket", "region", "blockPublicAcls", "blockPublicPolicy"],
      ...["ignorePublicAcls", "restrictPublicBuckets"],
    ],
    cannot: "with all four flags RGW refuses what the bucket's own owner puts",
  },
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": {
    inputs: ["bucket", "region", "rule"],
    cannot: "RGW has no ownership controls: whoever writes an object owns it",
  },
  "aws:iam/user:User": {
    inputs: ["name"],
    replaces: ["name"],
    apply: async ({ name }, id) => {
      const uid = String(name);
      // RGW gives it a first key, which nobody sees.
      if (id === undefined) await rgw("user", "create", "--uid", uid, "--display-name", uid);
      return { id: uid, outs: { arn: `arn:aws:iam:::user/${uid}` } };
    },
    remove: (uid) => rgw("user", "rm", "--uid", uid),
  },
  "aws:iam/userPolicy:UserPolicy": {
    inputs: ["user", "name", "policy"],
    named: (resource, olds, news) => ({ ...news, name: news.name ?? olds.name ?? resource }),
    apply: async ({ user, name, policy }) => {
      const request = { UserName: String(user), PolicyName: String(name), PolicyDocument: String(policy) };
      await iamRequest("PutUserPolicy", request);
      return { id: `${user}:${name}`, outs: {} };
    },
    remove: (_id, { user, name }) =>
      iamRequest("DeleteUserPolicy", { UserName: String(user), PolicyName: String(name) }),
  },
  "aws:iam/accessKey:AccessKey": {
    inputs: ["user"],
    replaces: ["user"],
    apply: async ({ user }) => {
      const [id, secret] = [randomBytes(10).toString("hex"), randomBytes(20).toString("hex")];
      const key = ["--access-key", id, "--secret-key", secret];
      await rgw("key", "create", "--uid", String(user), "--key-type", "s3", ...key);
      return { id, outs: { secret: { ...SECRET, value: secret } } };
    },
    remove: (id, { user }) => rgw("key", "rm", "--uid", String(user), "--access-key", id),
  },
};

/** Throws for what the stand-in does not know: a component that declares more must be tried here too. */
export function kindOf(type: string): Kind {
  const kind = KINDS[type];
  if (!kind) throw new Error(`this stand-in of the aws provider does not know ${type}`);
  return kind;
}
