import { createWriteStream } from "node:fs";
import { mkdir, rm, statfs } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { JobError, type Plan, scratchDirectory } from "../../spec/index.ts";

/** A scratch copy and the restored database may share a disk, with some room to spare. */
const ROOM_FACTOR = 2.5;

/** The folder for scratch copies of one plan. The ledger's lock keeps it to one restore at a time. */
const folder = ({ target, repository, name }: Plan): string =>
  path.join(scratchDirectory(target), repository.environment, name, "scratch");

/** A file for a scratch copy, in a folder that nobody else may read; undefined where it would not fit. */
export const scratchFile = async (plan: Plan, bytes: number): Promise<string | undefined> => {
  await removeScratch(plan); // a killed run may have left one
  const directory = folder(plan);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const disk = await statfs(directory);
  return disk.bavail * disk.bsize >= bytes * ROOM_FACTOR ? path.join(directory, "archive") : undefined;
};

/** @throws JobError `no-room` where the disk fills up meanwhile; else whatever the stream fails with */
export const writeScratch = async (file: string, content: NodeJS.ReadableStream): Promise<void> => {
  try {
    await pipeline(content, createWriteStream(file, { mode: 0o600 }));
  } catch (cause) {
    const { code } = cause as { readonly code?: string };
    if (code !== "ENOSPC" && code !== "EDQUOT") throw cause;
    const fact = `the scratch copy of the dump has filled the disk of ${path.dirname(file)}`;
    throw new JobError("no-room", fact, "make room there, and ask with a new id; the live data were not touched", {
      cause,
    });
  }
};

export const removeScratch = (plan: Plan): Promise<void> => rm(folder(plan), { recursive: true, force: true });
