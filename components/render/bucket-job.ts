import type { BackupBucketArgs, BucketChoice, ExistingBucketArgs } from "../args/bucket-args.ts";
import { splitCredentials } from "./credentials.ts";
import type { Split } from "./secrets.ts";

/** What a bucket is declared as: exactly one key was given. AWS is reached by the names of its own hosts. */
export const chosenBucket = (args: BucketChoice): Chosen =>
  args.aws
    ? { bucket: args.aws.bucket, region: args.aws.region, pathStyle: false }
    : (args.create ?? args.adopt ?? args.existing);

type Chosen = { readonly [K in keyof ExistingBucketArgs]?: ExistingBucketArgs[K] | undefined };

/** How a bucket is reached: what a repository in it needs to know. */
export const connectionOf = (
  { endpoint, region, pathStyle, ca, insecure }: Chosen,
  bucket: ExistingBucketArgs["bucket"],
) => ({
  bucket,
  endpoint,
  region,
  pathStyle,
  ca,
  insecure,
});
export type Connection = ReturnType<typeof connectionOf>;

/** The job that makes a bucket be as declared; undefined where nothing is declared on it. */
export const bucketJobOf = (
  name: string,
  args: BackupBucketArgs,
  bucket: ExistingBucketArgs["bucket"],
): Split<Readonly<Record<string, unknown>>> | undefined => {
  const declared = args.create ?? args.adopt;
  if (!declared) return undefined;
  const { spec: credentials, secrets } = splitCredentials([name, "bucket"], declared.credentials);
  const { lock, noncurrentDays, abortUploadsAfterDays, grants } = args;
  return {
    spec: {
      kind: "bucket",
      version: 1,
      mode: args.create ? "create" : "adopt",
      ...connectionOf(declared, bucket),
      credentials,
      lock,
      noncurrentDays,
      abortUploadsAfterDays,
      grants,
    },
    secrets,
  };
};

/** A name that is a legal one for a bucket, the same one every time. */
export const bucketName = (project: string, stack: string, name: string): string =>
  `${project}-${stack}-${name}`
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, 63)
    .replace(/-+$/, "");
