import { createHash } from "node:crypto";
import { JobError } from "../../spec/index.ts";

/** Bytes that are added up, and compared at their end with Chipster's own note of them. */
export interface Sha512Layer {
  readonly add: (chunk: Buffer) => void;
  /** Undefined where they are what was noted. To be asked once, at their end. */
  readonly wrong: () => JobError | undefined;
}

/** @param what names the bytes for people: a file, and where it lies */
export const sha512Layer = (size: number, sha512: string, what: string): Sha512Layer => {
  const hash = createHash("sha512");
  let bytes = 0;
  return {
    add: (chunk) => {
      hash.update(chunk);
      bytes += chunk.length;
    },
    wrong: () =>
      bytes === size && hash.digest("hex") === sha512
        ? undefined
        : new JobError(
            "corrupt",
            `${what} has another SHA-512 than its archive notes`,
            "this archive was damaged: choose another one (`restorable list`); nothing was changed",
          ),
  };
};
