import { isDeepStrictEqual } from "node:util";
import { DeleteBucketPolicyCommand, GetBucketPolicyCommand, PutBucketPolicyCommand } from "@aws-sdk/client-s3";
import { type BucketJob, bucketStatements, JobError, OUR_STATEMENTS, type Statement } from "../../spec/index.ts";
import { ask, type S3Bucket } from "./s3-bucket.ts";
import { httpStatus, s3Code } from "./s3-error.ts";

/**
 * How far the store keeps a policy: `whole`; `allowed` where it knows no exceptions (then each identity is allowed what
 * its role needs, and nothing is denied); `none` where it keeps no policy at all.
 */
export type Kept = "whole" | "allowed" | "none";

/**
 * Puts what is granted into the bucket's policy beside everybody else's statements, and takes out what is no more.
 * @param prunerDeletes whether the pruner has to delete because no lifecycle removes what it tags
 * @throws JobError `bad-config` for an identity that the store does not know
 */
export const ensureGrants = async (bucket: S3Bucket, job: BucketJob, prunerDeletes: boolean): Promise<Kept> => {
  // Not TLS only: behind a proxy that ends TLS some stores take every request for plain, and nobody could undo that.
  const ours = bucketStatements({
    arn: `arn:aws:s3:::${job.bucket}`,
    grants: job.grants,
    tlsOnly: false,
    prunerDeletes,
  });
  const current = await statements(bucket, job.grants === undefined);
  if (current === undefined) return "none";
  const theirs = current.filter(({ Sid }) => !isOurs(Sid));
  if (isDeepStrictEqual(current, [...theirs, ...ours])) return "whole";
  if (ours.length === 0) {
    await (theirs.length === 0 ? removePolicy(bucket) : refused(bucket, theirs));
    return "whole";
  }
  const without = await refused(bucket, [...theirs, ...ours]);
  if (without === undefined) return "whole";
  const unknown = await refused(bucket, [...theirs, ...ours.filter(({ Effect }) => Effect === "Allow")]);
  if (unknown === undefined) return "allowed";
  throw new JobError(
    "bad-config",
    `${bucket.name} refuses the policy for what is granted: ${unknown}`,
    "name each identity as this store does, such as arn:aws:iam:::user/packit-writer on Ceph, and see that it exists",
  );
};

const isOurs = (sid: string | undefined): boolean => sid?.startsWith(OUR_STATEMENTS) ?? false;

const NO_POLICIES = ["NotImplemented", "XNotImplemented", "MethodNotAllowed"];

/** The bucket's statements; undefined where the store keeps no policies. Nobody needs the right to ask who grants nothing. */
const statements = async (bucket: S3Bucket, optional: boolean): Promise<readonly Statement[] | undefined> => {
  const answer = bucket.client.send(new GetBucketPolicyCommand({ Bucket: bucket.bucket })).then(
    ({ Policy = "{}" }): readonly Statement[] | undefined => {
      const { Statement: found = [] } = JSON.parse(Policy) as { Statement?: Statement | readonly Statement[] };
      return Array.isArray(found) ? found : [found as Statement];
    },
    (error: unknown) => {
      if (s3Code(error) === "NoSuchBucketPolicy" || (optional && httpStatus(error) === 403)) return [];
      if (httpStatus(error) === 501 || NO_POLICIES.includes(s3Code(error))) return undefined;
      throw error;
    },
  );
  return ask(bucket, "asking for the policy", answer);
};

/** Puts a policy; answers with the store's words where it does not take this one. */
const refused = async (bucket: S3Bucket, Statement: readonly Statement[]): Promise<string | undefined> => {
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
  const answer = bucket.client.send(new PutBucketPolicyCommand({ Bucket: bucket.bucket, Policy })).then(
    () => undefined,
    (error: unknown) => {
      if (httpStatus(error) === 400) return `${s3Code(error)}: ${(error as Error).message}`;
      throw error;
    },
  );
  return ask(bucket, "setting the policy", answer);
};

const removePolicy = async (bucket: S3Bucket): Promise<void> => {
  await ask(
    bucket,
    "removing the policy",
    bucket.client.send(new DeleteBucketPolicyCommand({ Bucket: bucket.bucket })),
  );
};
