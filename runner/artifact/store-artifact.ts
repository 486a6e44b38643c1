import { Readable } from "node:stream";
import { artifactKey } from "../../spec/index.ts";
import { type Context, withSignal } from "../context.ts";
import type { Invocation } from "../process/invocation.ts";
import { runPipeline } from "../process/pipeline.ts";
import type { Store, StreamedPut } from "../store/store.ts";
import type { StoreStream } from "./store-stream.ts";

/** What every artifact of one point shares. */
export interface ArtifactTarget {
  readonly store: Store;
  readonly point: string;
  /** The point's own age recipient. */
  readonly recipient: string;
}

export const compress: Invocation = { file: "zstd", args: ["--compress", "--quiet", "-3", "--threads=1", "--stdout"] };

export const encrypt = (recipient: string): Invocation => ({
  file: "age",
  args: ["--encrypt", "--recipient", recipient],
});

/** `source | zstd | age | store`: constant memory, no scratch copy, digest on the way; every exit code counts. */
export const storeArtifact =
  (context: Context, { store, point, recipient }: ArtifactTarget): StoreStream =>
  async ({ role, file, format, producers, text, estimate, signal: own }) => {
    const key = artifactKey(point, `${file}.zst.age`);
    const within = own ? withSignal(context, AbortSignal.any([context.signal, own])) : context;
    const stop = new AbortController();
    const signal = AbortSignal.any([within.signal, stop.signal]);
    let put: StreamedPut | undefined;
    await runPipeline(within, [...producers, compress, encrypt(recipient)], {
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
    return {
      role,
      key,
      ...(versionId === undefined ? {} : { versionId }),
      bytes,
      sha256,
      format,
      compression: "zstd",
      encryption: "age",
    };
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
      // Even an empty stream has a header once it is encrypted.
      if (bytes === 0) throw new Error("age wrote nothing and said nothing");
    })(),
    { objectMode: false },
  );
