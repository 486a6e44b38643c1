import type { Role } from "../../spec/index.ts";
import type { S3Keys } from "./s3-server.ts";

/** What the bucket's policy lets each identity do. */
const MAY: Readonly<Record<Role, readonly string[]>> = {
  reader: ["GetObject", "GetObjectVersion", "ListBucket", "ListBucketVersions", "GetBucketVersioning"],
  writer: [
    "GetObject",
    "GetObjectVersion",
    "ListBucket",
    "ListBucketVersions",
    "GetBucketVersioning",
    "PutObject",
    "AbortMultipartUpload",
    "ListBucketMultipartUploads",
    "ListMultipartUploadParts",
  ],
  pruner: [
    "GetObject",
    "GetObjectVersion",
    "ListBucket",
    "ListBucketVersions",
    "GetBucketVersioning",
    "GetLifecycleConfiguration",
    "PutObject",
    "DeleteObject",
    "DeleteObjectVersion",
    "AbortMultipartUpload",
    "ListBucketMultipartUploads",
  ],
  prover: ["PutObject"],
};

/** A policy of a bucket (versitygw) that lets each identity do what its role needs, and nothing else. */
export const rolesPolicy = (bucket: string, keys: ReadonlyMap<Role, S3Keys>): string => {
  const Statement = [...keys].flatMap(([role, { accessKeyId }]) =>
    MAY[role].map((right) => ({
      Effect: "Allow",
      Principal: accessKeyId,
      Action: `s3:${right}`,
      Resource: /Bucket|Lifecycle/.test(right) ? `arn:aws:s3:::${bucket}` : `arn:aws:s3:::${bucket}/*`,
    })),
  );
  return JSON.stringify({ Version: "2012-10-17", Statement });
};
