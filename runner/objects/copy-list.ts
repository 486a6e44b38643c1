import { PassThrough, pipeline, type Transform } from "node:stream";
import { finished } from "node:stream/promises";
import { createZstdCompress, createZstdDecompress } from "node:zlib";
import { artifactKey, JobError, type ObjectsEntry, type StoredCopy, storedCopy } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { digestStream } from "../store/digest-stream.ts";
import type { Store } from "../store/store.ts";
import { copiesHere } from "./copies-here.ts";
import { line, parseLines } from "./ndjson.ts";

export type CopyList = NonNullable<ObjectsEntry["copies"]>;

export interface CopyListWriter {
  /** Adds one copy; waits while the store is slower. */
  readonly add: (copy: StoredCopy) => Promise<void>;
  /** Ends the list and says what was stored. */
  readonly end: () => Promise<CopyList>;
  /** Nothing appears in the store. */
  readonly abort: (reason: Error) => Promise<void>;
}

/** Writes a point's list of copies while they are made. */
export const writeCopyList = (context: Context, store: Store, point: string, source: string): CopyListWriter => {
  const key = artifactKey(point, `${source}.copies.ndjson.zst`);
  const input = new PassThrough();
  const packed = createZstdCompress();
  pipeline(input, packed, () => undefined); // each end ends the other; whoever reads sees the error
  const stored = store.putStream(key, packed, { signal: context.signal });
  stored.catch((error: Error) => input.destroy(error));
  return {
    add: async (copy) => {
      if (input.destroyed) await stored;
      if (!input.write(line(copy))) await drained(input);
    },
    end: async () => {
      input.end();
      const { bytes, sha256, versionId } = await stored;
      return { key, ...(versionId === undefined ? {} : { versionId }), bytes, sha256, compression: "zstd" };
    },
    abort: async (reason) => {
      input.destroy(reason);
      await stored.catch(() => undefined);
    },
  };
};

const drained = async (stream: PassThrough): Promise<void> => {
  const controller = new AbortController();
  try {
    await Promise.race([
      new Promise<void>((resolve) => stream.once("drain", resolve)),
      finished(stream, { signal: controller.signal }),
    ]);
  } finally {
    controller.abort();
  }
};

/**
 * The copies that a point names, from its list.
 * @throws JobError `corrupt` when the list is not the one that the manifest describes
 */
export async function* readCopies(
  { signal }: Context,
  store: Store,
  list: CopyList,
): AsyncGenerator<StoredCopy, void, undefined> {
  const version = list.versionId === undefined ? {} : { versionId: list.versionId };
  const source = await store.getStream(list.key, { ...version, signal });
  const plain = createZstdDecompress();
  pipeline(source, checked(list), plain, () => undefined);
  const here = await copiesHere(store, list);
  for await (const copy of parseLines(plain, storedCopy, list.key)) yield here(copy);
}

/** Passes bytes on and compares them with the manifest at their end. */
const checked = ({ key, bytes, sha256 }: CopyList): Transform =>
  digestStream((found) => {
    if (found.bytes === bytes && found.sha256 === sha256) return undefined;
    const hint = "this point's objects cannot be restored from this copy: choose another point";
    return new JobError("corrupt", `${key} is not the list that the manifest describes`, hint);
  });
