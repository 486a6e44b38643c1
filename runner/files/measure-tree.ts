import type { BigIntStats } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import type { FileCounts } from "../../spec/index.ts";
import { OWN_INSIDE } from "./names.ts";

/** What a walk found. */
export interface TreeMeasure extends FileCounts {
  /** Directories and files that could not be looked at: gone meanwhile, or not allowed. */
  readonly unread: number;
}

/** Entries that are looked at side by side. */
const WIDTH = 64;
const SLASH = Buffer.from("/");

/**
 * Counts a tree as tar does: the directory itself is one, the second name of an inode is a hard link, sockets are
 * nothing. Paths are bytes, because names need not be text. What cannot be read is counted and passed over.
 */
export const measureTree = async (directory: string, signal?: AbortSignal): Promise<TreeMeasure> => {
  const total = { files: 0, directories: 1, symlinks: 0, hardLinks: 0, other: 0, bytes: 0, unread: 0 };
  const seen = new Set<string>();
  const open: Buffer[] = [Buffer.from(directory)];
  for (let current = open.pop(); current !== undefined; current = open.pop()) {
    signal?.throwIfAborted();
    const isTop = total.directories === 1 && current.equals(Buffer.from(directory));
    const names = await passingOver(readdir(current, { encoding: "buffer" }), []);
    if (names.failed) total.unread += 1;
    const wanted = names.value.filter((name) => !isTop || !OWN_INSIDE.test(name.toString("latin1")));
    for (let at = 0; at < wanted.length; at += WIDTH) {
      const paths = wanted.slice(at, at + WIDTH).map((name) => Buffer.concat([current as Buffer, SLASH, name]));
      const found = await Promise.all(paths.map((each) => passingOver(lstat(each, { bigint: true }), undefined)));
      for (const [index, { value }] of found.entries()) {
        if (value === undefined) total.unread += 1;
        else if (value.isDirectory()) {
          total.directories += 1;
          open.push(paths[index] as Buffer);
        } else count(total, seen, value);
      }
    }
  }
  return total;
};

const count = (total: { -readonly [K in keyof FileCounts]: number }, seen: Set<string>, stat: BigIntStats): void => {
  if (stat.isSocket()) return;
  if (stat.nlink > 1n) {
    const inode = `${stat.dev}:${stat.ino}`;
    if (seen.has(inode)) {
      total.hardLinks += 1;
      return;
    }
    seen.add(inode);
  }
  if (stat.isFile()) {
    total.files += 1;
    total.bytes += Number(stat.size);
  } else if (stat.isSymbolicLink()) total.symlinks += 1;
  else total.other += 1;
};

const EXPECTED = ["ENOENT", "ENOTDIR", "EACCES", "EPERM", "ENAMETOOLONG", "ELOOP"];

const passingOver = async <T>(work: Promise<T>, otherwise: T): Promise<{ value: T; failed: boolean }> => {
  try {
    return { value: await work, failed: false };
  } catch (error) {
    if (!EXPECTED.includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    return { value: otherwise, failed: true };
  }
};
