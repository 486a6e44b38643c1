import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { JobError } from "../../spec/index.ts";
import { syncDirectory } from "../world/sync-directory.ts";
import { digestOf } from "./digest-stream.ts";
import { isMissing } from "./directory-error.ts";
import type { StreamOptions } from "./store.ts";
import { RESERVED } from "./store-key.ts";
import { untilAborted } from "./until-aborted.ts";

/** Half-written files begin so; they are never listed, and removed by a later run. */
export const TEMPORARY = `${RESERVED}tmp-`;

export const temporaryName = (file: string): string => join(dirname(file), TEMPORARY + randomBytes(8).toString("hex"));

/**
 * Writes a temporary file beside `file`, safely on disk, and hands its name to `publish`, which links or renames it.
 * Whatever happens the temporary name is gone afterwards.
 */
export const withTemporary = async <T>(
  file: string,
  write: (handle: FileHandle) => Promise<void>,
  publish: (name: string) => Promise<T>,
): Promise<T> => {
  const name = temporaryName(file);
  try {
    const handle = await openNew(name);
    try {
      await write(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    const result = await publish(name);
    await syncDirectory(dirname(file));
    return result;
  } finally {
    await rm(name, { force: true });
  }
};

/** Makes the directory; again, when a removal of the last other file took it away between. */
const openNew = async (name: string): Promise<FileHandle> => {
  for (let tries = 1; ; tries += 1) {
    await mkdir(dirname(name), { recursive: true });
    try {
      return await open(name, "wx");
    } catch (error) {
      if (!isMissing(error) || tries === 10) throw error;
    }
  }
};

/** An error of the stream that is written, not of the disk: its producer's words are kept. */
export class SourceFailed extends Error {}

/** Writes a stream with back-pressure, counting bytes and SHA-256. */
export const writeStream = async (
  handle: FileHandle,
  body: Readable,
  { signal, onBytes }: StreamOptions,
): Promise<{ bytes: number; sha256: string }> => {
  const hash = createHash("sha256");
  const chunks = untilAborted(body, signal);
  let bytes = 0;
  for (;;) {
    const { done, value: chunk } = await chunks.next().catch((cause: unknown) => {
      throw new SourceFailed("the stream failed", { cause });
    });
    if (done || !chunk) return { bytes, sha256: hash.digest("hex") };
    hash.update(chunk);
    await handle.writeFile(chunk);
    bytes += chunk.length;
    onBytes?.(bytes);
  }
};

/** Reads a written file back and compares: what a network file system lost shows here. */
export const confirmFile = async (name: string, key: string, sha256: string): Promise<void> => {
  const found = await digestOf(createReadStream(name, { highWaterMark: 1 << 20 }));
  if (found.sha256 === sha256) return;
  throw new JobError(
    "corrupt",
    `${key} reads back with other bytes than were written`,
    "nothing was published; look at the disk",
  );
};
