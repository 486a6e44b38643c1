import { createHash } from "node:crypto";

const MIB = 1024 * 1024;
const SMALLEST = 8 * MIB;
const UNKNOWN = 32 * MIB;
/** Of the 10,000 that S3 allows; the rest is for an estimate that was too low. */
const AIM = 9_000;
/** From this part on parts are four times as large, so that a stream of unknown length can pass 300 GiB. */
const GROW_AFTER = 5_000;

export interface Part {
  readonly number: number;
  readonly body: Buffer;
  /** MD5 in base64, for the store to check. */
  readonly md5: string;
  readonly last: boolean;
}

/** Bytes of part `number` (from 1). All are equal up to 5,000, because some stores insist on that. */
export const partSize = (number: number, estimate: number | undefined): number => {
  const base = estimate === undefined ? UNKNOWN : Math.max(SMALLEST, Math.ceil(estimate / AIM / MIB) * MIB);
  return number <= GROW_AFTER ? base : base * 4;
};

/** Where the memory of parts comes from, and goes back to: left to the collector, it would pile up meanwhile. */
export class PartBuffers {
  readonly #free: Buffer[] = [];

  take(size: number): Buffer {
    const index = this.#free.findIndex(({ length }) => length === size);
    return this.#free.splice(index, index < 0 ? 0 : 1)[0] ?? Buffer.allocUnsafeSlow(size);
  }

  /** Only of a part that the store has confirmed. */
  give(buffer: Buffer): void {
    this.#free.push(buffer);
  }
}

/** Cuts a stream into parts of `size(number)` bytes; the last one may be shorter, and an empty stream is one empty part. */
export async function* partsOf(
  body: AsyncIterable<Buffer>,
  size: (number: number) => number,
  buffers: PartBuffers,
): AsyncGenerator<Part, void, undefined> {
  let [number, filled, hash] = [1, 0, createHash("md5")];
  let buffer = buffers.take(size(number));
  for await (const value of body) {
    let chunk = value;
    while (chunk.length > 0) {
      if (filled === buffer.length) {
        // Only now it is certain that this part is not the last one.
        yield { number, body: buffer, md5: hash.digest("base64"), last: false };
        [number, filled, hash] = [number + 1, 0, createHash("md5")];
        buffer = buffers.take(size(number));
      }
      const taken = chunk.subarray(0, buffer.length - filled);
      taken.copy(buffer, filled);
      hash.update(taken);
      filled += taken.length;
      chunk = chunk.subarray(taken.length);
    }
  }
  yield { number, body: buffer.subarray(0, filled), md5: hash.digest("base64"), last: true };
}
