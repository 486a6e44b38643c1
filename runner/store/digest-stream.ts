import { createHash } from "node:crypto";
import { Transform } from "node:stream";

/** What bytes were, when all of them have been seen. */
export interface Digest {
  readonly bytes: number;
  /** 64 hex digits. */
  readonly sha256: string;
}

/**
 * Passes bytes on and adds them up. `judge` is told at their end what they were; an error that it answers fails the
 * whole pipeline.
 * @param onBytes called with the bytes so far
 */
export const digestStream = (
  judge: (found: Digest) => Error | undefined,
  onBytes?: (total: number) => void,
): Transform => {
  const digest = adder();
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const total = digest.add(chunk);
      onBytes?.(total);
      done(null, chunk);
    },
    flush(done) {
      done(judge(digest.found()) ?? null);
    },
  });
};

/** Reads bytes to their end and keeps none. */
export const digestOf = async (stream: AsyncIterable<unknown>): Promise<Digest> => {
  const digest = adder();
  for await (const chunk of stream) digest.add(chunk as Buffer);
  return digest.found();
};

const adder = () => {
  const hash = createHash("sha256");
  let bytes = 0;
  return {
    add: (chunk: Buffer): number => {
      hash.update(chunk);
      bytes += chunk.length;
      return bytes;
    },
    found: (): Digest => ({ bytes, sha256: hash.digest("hex") }),
  };
};
