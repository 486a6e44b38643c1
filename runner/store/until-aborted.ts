import type { Readable } from "node:stream";

/**
 * The chunks of a stream, ended at once by a signal with the signal's own reason. Destroying the stream alone would
 * not do: one that is made of a generator is only gone when its generator has come to its next step.
 */
export async function* untilAborted(source: Readable, signal: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
  const iterator: AsyncIterator<Buffer | string> = source[Symbol.asyncIterator]();
  let abort: (reason: unknown) => void = () => undefined;
  const stop = () => abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      // A new promise each time: racing one that lives as long as the stream would keep every chunk's reaction.
      const { done, value } = await new Promise<IteratorResult<Buffer | string>>((resolve, reject) => {
        abort = reject;
        iterator.next().then(resolve, reject);
      });
      if (done) return;
      yield typeof value === "string" ? Buffer.from(value) : value;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    source.on("error", () => undefined); // what it says when it is destroyed is no news
    source.destroy();
  }
}
