import type { S3Client } from "@aws-sdk/client-s3";
import type { Role } from "../../spec/index.ts";
import { httpStatus, isAbsent, s3Code, s3Error } from "./s3-error.ts";

/** One bucket below one prefix: what every part of the S3 store works on. */
export interface S3Bucket {
  readonly client: S3Client;
  readonly bucket: string;
  /** Ends with a slash, or is empty. */
  readonly prefix: string;
  /** For people: `s3://bucket/prefix`. */
  readonly name: string;
  readonly endpoint: string;
  /** Whose credentials are used, where they are a repository's. */
  readonly role?: Role;
  /** The job's: a question that is open when it is aborted is given up. */
  readonly signal: AbortSignal;
}

/** Milliseconds that a question may take which is asked after the job was told to stop, to clean up. */
const CLEAN_UP = 15_000;

/** Waits for an answer; `what` says what was asked ("reading catalog/x.json"). Throws JobError. */
export const ask = async <T>(
  { name, endpoint, signal, role }: S3Bucket,
  what: string,
  answer: Promise<T>,
): Promise<T> => {
  try {
    return await unlessStopped(answer, signal);
  } catch (error) {
    if (error === signal.reason) throw error;
    throw s3Error(error, { store: name, endpoint, what, role });
  }
};

/**
 * A store that has gone silent would hold a job that was told to stop for minutes. What is asked afterwards (releasing
 * the lease, ending an upload) gets a time of its own.
 */
const unlessStopped = async <T>(answer: Promise<T>, signal: AbortSignal): Promise<T> => {
  const limit = signal.aborted ? AbortSignal.timeout(CLEAN_UP) : signal;
  let stop: () => void = () => undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(limit.reason);
    limit.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([answer, stopped]);
  } finally {
    limit.removeEventListener("abort", stop);
    answer.catch(() => undefined); // it may still fail, when nobody listens any more
  }
};

/** Like `ask`; undefined where there is no such object or version. */
export const askFor = async <T>(bucket: S3Bucket, what: string, answer: Promise<T>): Promise<T | undefined> =>
  ask(
    bucket,
    what,
    answer.catch((error: unknown) => {
      if (isAbsent(error)) return undefined;
      throw error;
    }),
  );

const NOT_THERE = [
  "NoSuchLifecycleConfiguration",
  "ObjectLockConfigurationNotFoundError",
  "VersioningNotConfigured",
  "NotImplemented",
  "XNotImplemented",
];

/** Like `ask`; undefined where the store does not know the thing, or the bucket has none. */
export const askOptional = async <T>(bucket: S3Bucket, what: string, answer: Promise<T>): Promise<T | undefined> =>
  ask(
    bucket,
    what,
    answer.catch((error: unknown) => {
      if (httpStatus(error) === 501 || NOT_THERE.includes(s3Code(error))) return undefined;
      throw error;
    }),
  );
