import { statfs } from "node:fs/promises";
import { type FileCounts, JobError } from "../../spec/index.ts";

/**
 * Refuses a restore that would fill the file system of `directory`. Every file is counted with one block more than its
 * bytes; holes of sparse files are counted as bytes, because the manifest does not say how many there are.
 * @throws JobError `no-room`
 */
export const requireRoom = async (directory: string, counts: FileCounts): Promise<void> => {
  const { bavail, bsize, files, ffree } = await statfs(directory);
  const inodes = counts.files + counts.directories + counts.symlinks + counts.other;
  const bytes = counts.bytes + inodes * bsize;
  if (bavail * bsize < bytes) throw noRoom(directory, `${bavail * bsize} bytes`, `${bytes}`);
  // File systems that make inodes as they need them (btrfs, some of NFS) say that they have none.
  if (files > 0 && ffree < inodes) throw noRoom(directory, `${ffree} more files`, `${inodes}`);
};

const noRoom = (directory: string, room: string, needed: string): JobError =>
  new JobError(
    "no-room",
    `the file system of '${directory}' has room for ${room}, and the copy beside needs ${needed}`,
    "make room, restore into a directory of another file system, or restore in place",
  );
