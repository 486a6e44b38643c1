import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PartBuffers, partSize, partsOf } from "../../../runner/store/s3-parts.ts";

const MIB = 1024 * 1024;
const stored = (estimate: number | undefined) => {
  let total = 0;
  for (let number = 1; number <= 10_000; number += 1) total += partSize(number, estimate);
  return total;
};

describe("the size of parts", () => {
  it.each([0, 1, 10 * MIB, 100 * 1024 * MIB, 4 * 1024 * 1024 * MIB])(
    "lets %i bytes, and half as much again, fit into 10,000 parts",
    (estimate) => {
      expect(partSize(1, estimate)).toBeGreaterThanOrEqual(8 * MIB);
      expect(stored(estimate)).toBeGreaterThan(estimate * 1.5);
    },
  );

  it("of a stream of unknown length is small at first and lets more than 700 GiB fit", () => {
    expect(partSize(1, undefined)).toBe(32 * MIB);
    expect(partSize(5_000, undefined)).toBe(32 * MIB);
    expect(stored(undefined)).toBeGreaterThan(700 * 1024 * MIB);
  });
});

describe("parts", () => {
  it("are the stream's bytes in order, each with its MD5, however the stream was cut and buffers come back", async () => {
    const property = fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 20 }),
      fc.integer({ min: 1, max: 30 }),
      async (sizes, size) => {
        const chunks = sizes.map((length) => randomBytes(length));
        const buffers = new PartBuffers();
        const seen: Buffer[] = [];
        const last: boolean[] = [];
        for await (const part of partsOf(Readable.from(chunks), () => size, buffers)) {
          expect(part.number).toBe(seen.length + 1);
          expect(part.md5).toBe(createHash("md5").update(part.body).digest("base64"));
          seen.push(Buffer.from(part.body));
          last.push(part.last);
          buffers.give(part.body);
        }
        expect(Buffer.concat(seen)).toEqual(Buffer.concat(chunks));
        expect(last).toEqual([...Array(last.length - 1).fill(false), true]);
        for (const body of seen.slice(0, -1)) expect(body.length).toBe(size);
      },
    );
    await fc.assert(property, { numRuns: 200 });
  });
});
