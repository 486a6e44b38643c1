import { Readable } from "node:stream";
import { type Artifact, artifactKey } from "../../spec/index.ts";
import { type Context, withSignal } from "../context.ts";
import type { Invocation } from "../process/invocation.ts";
import { runPipeline } from "../process/pipeline.ts";
import type { Store, StreamedPut } from "../store/store.ts";
import type { StoreStream, StreamRequest } from "./store-stream.ts";

/** What every artifact of one point shares. */
export interface ArtifactTarget {
  readonly store: Store;
  readonly point: string;
  /** The point's own age recipient. */
  readonly recipient: string;
  /** Where a compatible layout wants the data themselves: raw, under a key of the repository's root. */
  readonly plain?: { readonly root: Store; readonly key: string };
}

export const compress: Invocation = { file: "zstd", args: ["--compress", "--quiet", "-3", "--threads=1", "--stdout"] };

export const encrypt = (recipient: string): Invocation => ({
  file: "age",
  args: ["--encrypt", "--recipient", recipient],
});

/** `source | zstd | age | store`: constant memory, no scratch copy, digest on the way; every exit code counts. */
export const storeArtifact =
  (context: Context, target: ArtifactTarget): StoreStream =>
  async (request) => {
    const { role, file, format, producers, text, estimate, signal: own } = request;
    const { store, key, stages, ...how } = place(target, request);
    const within = own ? withSignal(context, AbortSignal.any([context.signal, own])) : context;
    const stop = new AbortController();
    const signal = AbortSignal.any([within.signal, stop.signal]);
    let put: StreamedPut | undefined;
    await runPipeline(within, [...producers, ...stages], {
      ...(text === undefined ? {} : { input: bytesOf(text) }),
      output: async (stdout, succeeded) => {
        put = await store.putStream(key, gated(stdout, succeeded), {
          signal,
          ...(estimate === undefined ? {} : { estimate }),
          onBytes: (bytes) => context.report.progress("store", `storing ${file}`, bytes),
        });
      },
    });
    if (!put) throw new Error(`nothing was stored for ${file}`);
    const { bytes, sha256, versionId } = put;
    return { role, key, ...how, ...(versionId === undefined ? {} : { versionId }), bytes, sha256, format };
  };

interface Place extends Pick<Artifact, "key" | "below" | "compression" | "encryption"> {
  readonly store: Store;
  readonly stages: readonly Invocation[];
}

/** Globals hold passwords, as a password is one: no layout has them, and they are encrypted always. */
const place = ({ store, point, recipient, plain }: ArtifactTarget, { role, file }: StreamRequest): Place =>
  plain && role !== "globals" && role !== "password"
    ? { store: plain.root, key: plain.key, below: "repository", stages: [], compression: "none", encryption: "none" }
    : {
        store,
        key: artifactKey(point, `${file}.zst.age`),
        stages: [compress, encrypt(recipient)],
        compression: "zstd",
        encryption: "age",
      };

const bytesOf = (text: string | AsyncIterable<string>): Readable =>
  typeof text === "string" ? Readable.from([Buffer.from(text)]) : Readable.from(text, { objectMode: false });

/** Ends only after every process succeeded: so a failed one breaks the upload, and nothing appears under the key. */
const gated = (stdout: Readable, succeeded: Promise<void>): Readable =>
  Readable.from(
    (async function* () {
      let bytes = 0;
      for await (const chunk of stdout as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        yield chunk;
      }
      await succeeded;
      // Even an empty stream has a header, and every format has one of its own.
      if (bytes === 0) throw new Error("nothing was written and nothing was said");
    })(),
    { objectMode: false },
  );
