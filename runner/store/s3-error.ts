import { type ErrorCode, JobError, type Role } from "../../spec/index.ts";

/** What was asked, for the sentence: `store` is the bucket's name for people, `what` names the key. */
export interface Asked {
  readonly store: string;
  readonly endpoint: string;
  readonly what: string;
  /** Whose credentials it was asked with, where they are a repository's. */
  readonly role?: Role | undefined;
}

interface Failure {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** S3's own code of an error, such as `NoSuchKey`; a HEAD has no body, so only its status is known. */
export const s3Code = (error: unknown): string => {
  const { name, $metadata } = error as Failure;
  const status = $metadata?.httpStatusCode;
  if (status !== undefined && (!name || /^(UnknownError|Error|\d+)$/.test(name))) return String(status);
  return name ?? "unknown";
};

export const httpStatus = (error: unknown): number | undefined => (error as Failure).$metadata?.httpStatusCode;

/** Whether the store says that there is no such object or version. */
export const isAbsent = (error: unknown): boolean =>
  ["NoSuchKey", "NoSuchVersion", "NotFound", "404"].includes(s3Code(error));

type Entry = readonly [code: ErrorCode, hint: string];

const CREDENTIALS: Entry = ["bad-credentials", ""];
const REGION: Entry = ["bad-config", "set `region` and `endpoint` to those of the bucket"];
const CHANGED: Entry = [
  "corrupt",
  "the bytes changed on their way to the store and nothing was kept; run again, and if it happens again look at the network and the memory of this host",
];
const ROOM: Entry = ["no-room", "free space or raise the quota of the bucket, and run again"];

const BY_CODE: Readonly<Record<string, Entry>> = {
  InvalidAccessKeyId: CREDENTIALS,
  SignatureDoesNotMatch: CREDENTIALS,
  ExpiredToken: CREDENTIALS,
  InvalidToken: CREDENTIALS,
  TokenRefreshRequired: CREDENTIALS,
  CredentialsProviderError: CREDENTIALS,
  AuthorizationHeaderMalformed: REGION,
  PermanentRedirect: REGION,
  NoSuchBucket: ["missing-bucket", "create the bucket, or correct its name and `endpoint`"],
  InvalidBucketName: ["missing-bucket", "correct the bucket's name"],
  BucketAlreadyExists: [
    "bad-config",
    "the name belongs to somebody else: choose another one, or use their credentials",
  ],
  PreconditionFailed: ["precondition-failed", "somebody else wrote it first; read it again and decide anew"],
  ConditionalRequestConflict: ["precondition-failed", "somebody else writes it at this moment; try again"],
  RequestTimeTooSkewed: ["clock-wrong", "set this host's clock (NTP) and run again"],
  BadDigest: CHANGED,
  InvalidDigest: CHANGED,
  XAmzContentSHA256Mismatch: CHANGED,
  XAmzContentChecksumMismatch: CHANGED,
  QuotaExceeded: ROOM,
  InsufficientStorage: ROOM,
  XMinioStorageFull: ROOM,
};

/** Turns what the SDK or the network threw into an error for a person; a JobError stays as it is. */
export const s3Error = (error: unknown, asked: Asked): JobError => {
  if (error instanceof JobError) return error;
  const [code, hint] = classify(error, asked);
  return new JobError(code, `${asked.what} in ${asked.store} failed: ${detail(error)}`, hint, { cause: error });
};

const classify = (error: unknown, asked: Asked): Entry => {
  const known = BY_CODE[s3Code(error)];
  if (known === CREDENTIALS) return ["bad-credentials", renew(asked)];
  if (known) return known;
  const status = httpStatus(error);
  if (/ENOSPC|no space left/i.test((error as Failure).message ?? "") || status === 507) return ROOM;
  if (status === 403 || status === 401) return ["too-few-rights", rights(asked)];
  if (status === 412) return BY_CODE.PreconditionFailed as Entry;
  if (status === 501 || status === 405)
    return ["store-lacks", "this store does not know the request; use one that does"];
  if (status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429) {
    return ["store-lacks", "the store refuses this request; look at its message above"];
  }
  return ["store-unreachable", unreachable(error, asked)];
};

const renew = ({ role }: Asked): string =>
  `check the access key and the secret key of ${role === undefined ? "this bucket" : `the ${role}`}: they may have expired, be revoked or belong to another store; renew them where they are declared, and run \`pulumi up\``;

const rights = ({ store }: Asked): string =>
  `give this role's access key the right to do it in ${store}: writers put, readers get and list, pruners tag or delete`;

const unreachable = (error: unknown, { endpoint }: Asked): string =>
  /cert|self.signed|ssl|tls/i.test(`${(error as Failure).code} ${(error as Failure).message}`)
    ? `the certificate of ${endpoint} is not believed: name its authority in \`ca\``
    : `see whether ${endpoint} answers from this host, and run again; nothing half done is visible`;

/** The store's words. Those about credentials stay out: some servers repeat what they were sent. */
const detail = (error: unknown): string => {
  const { code, message } = error as Failure;
  const name = s3Code(error);
  if (BY_CODE[name] === CREDENTIALS) return name;
  const words = (message ?? "").replaceAll(/\s+/g, " ").trim().slice(0, 300);
  return [...new Set([name === "Error" ? code : name, words])].filter(Boolean).join(": ");
};
