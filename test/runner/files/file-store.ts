import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { StoreStream } from "../../../runner/artifact/store-stream.ts";
import type { Context } from "../../../runner/context.ts";
import type { Invocation } from "../../../runner/process/invocation.ts";
import { runPipeline } from "../../../runner/process/pipeline.ts";

/** Stores a stream as a plain file, and removes that when a process fails. `watch` sees the bytes on their way. */
export const fileStore =
  (
    context: Context,
    directory: string,
    watch: (stdout: Readable) => AsyncIterable<Buffer> = (all) => all,
  ): StoreStream =>
  async ({ role, file, format, producers }) => {
    const key = path.join(directory, file);
    const hash = createHash("sha256");
    let bytes = 0;
    try {
      await runPipeline(context, producers, {
        output: (stdout) =>
          pipeline(
            watch(stdout),
            async function* (chunks: AsyncIterable<Buffer>) {
              for await (const chunk of chunks) {
                hash.update(chunk);
                bytes += chunk.length;
                yield chunk;
              }
            },
            createWriteStream(key),
          ),
      });
    } catch (error) {
      await rm(key, { force: true });
      throw error;
    }
    return { role, key, bytes, sha256: hash.digest("hex"), format, compression: "zstd", encryption: "age" };
  };

/** Feeds a stored file to one process. */
export const readInto = async (context: Context, key: string, invocation: Invocation): Promise<void> => {
  await runPipeline(context, [invocation], { input: createReadStream(key) });
};
