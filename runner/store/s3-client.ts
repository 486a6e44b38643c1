import { readFileSync } from "node:fs";
import { S3Client } from "@aws-sdk/client-s3";
import { JobError, type S3Credentials } from "../../spec/index.ts";
import type { Context } from "../context.ts";

/** How a store is reached. */
export interface S3Access {
  readonly endpoint?: string | undefined;
  readonly region: string;
  readonly pathStyle: boolean;
  readonly ca?: string | undefined;
  readonly insecure?: boolean | undefined;
  /** Absent: the ordinary AWS credential chain. */
  readonly credentials?: S3Credentials | undefined;
}

/** Milliseconds until a host that does not answer counts as unreachable, and until a silent connection is dropped. */
const CONNECT = 10_000;
const SILENCE = 120_000;
/** Tries of one request, with growing pauses between them. */
const ATTEMPTS = 5;

/**
 * A client that works with stores other than AWS: with the SDK's default checksums they would keep a stream with
 * `aws-chunked` as its encoding. What we send is verified by Content-MD5 instead, which every store checks.
 * @throws JobError `missing-secret`, `bad-config`
 */
export const s3Client = (context: Context, access: S3Access): S3Client => {
  const { endpoint, region, pathStyle, credentials } = access;
  return new S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    forcePathStyle: pathStyle,
    maxAttempts: ATTEMPTS,
    retryMode: "standard",
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: {
      connectionTimeout: CONNECT,
      socketTimeout: SILENCE,
      ...tls(access),
    },
    ...(credentials === undefined ? {} : { credentials: keys(context, credentials) }),
  });
};

/** The system's certificates, a file's, or none at all because that was asked for. */
const tls = ({ ca, insecure }: S3Access) => {
  if (insecure) return { httpsAgent: { keepAlive: true, rejectUnauthorized: false } };
  return ca === undefined ? {} : { httpsAgent: { keepAlive: true, ca: certificate(ca) } };
};

const keys = (context: Context, { accessKeyId, secretAccessKey, sessionToken }: S3Credentials) => ({
  accessKeyId: context.secret(accessKeyId),
  secretAccessKey: context.secret(secretAccessKey),
  ...(sessionToken === undefined ? {} : { sessionToken: context.secret(sessionToken) }),
});

const certificate = (path: string): Buffer => {
  try {
    return readFileSync(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new JobError("bad-config", `the CA file '${path}' cannot be read: ${reason}`, "correct `ca`", { cause });
  }
};
