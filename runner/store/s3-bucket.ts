import type { S3Client } from "@aws-sdk/client-s3";
import { isAbsent, s3Error } from "./s3-error.ts";

/** One bucket below one prefix: what every part of the S3 store works on. */
export interface S3Bucket {
  readonly client: S3Client;
  readonly bucket: string;
  /** Ends with a slash, or is empty. */
  readonly prefix: string;
  /** For people: `s3://bucket/prefix`. */
  readonly name: string;
  readonly endpoint: string;
}

/** Waits for an answer; `what` says what was asked ("reading catalog/x.json"). Throws JobError. */
export const ask = async <T>({ name, endpoint }: S3Bucket, what: string, answer: Promise<T>): Promise<T> => {
  try {
    return await answer;
  } catch (error) {
    throw s3Error(error, { store: name, endpoint, what });
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
