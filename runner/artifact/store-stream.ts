import type { Artifact } from "../../spec/index.ts";
import type { Invocation } from "../process/invocation.ts";

/** One stream of a source, before compression and encryption. */
export interface StreamRequest {
  readonly role: Artifact["role"];
  /** File name under the point's artifacts, without `.zst.age`. */
  readonly file: string;
  readonly format: Artifact["format"];
  /** The processes that make the stream, piped in order; empty where `text` is given. */
  readonly producers: readonly Invocation[];
  /** What is already here, or made here line by line. */
  readonly text?: string | AsyncIterable<string>;
  /** The most bytes expected; decides the size of upload parts and the share shown as progress. */
  readonly estimate?: number;
  /** Ends the stream with its reason, as the job's own signal does. */
  readonly signal?: AbortSignal;
}

/** Compresses, encrypts and stores one stream, and says what was stored. Throws JobError; then nothing is under the key. */
export type StoreStream = (request: StreamRequest) => Promise<Artifact>;
