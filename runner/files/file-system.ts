import { statSync } from "node:fs";
import { lstat, readdir } from "node:fs/promises";

/** Whether there is anything under this name, a dangling link too. */
export const isThere = (path: string | Buffer): Promise<boolean> =>
  lstat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return false;
      throw error;
    },
  );

export const isEmptyDirectory = (path: string): Promise<boolean> =>
  readdir(path).then(
    (names) => names.length === 0,
    () => false,
  );

/**
 * Whether this process may set owner, mode, times and ACLs of a directory. Of the root of a claim it may not where that
 * belongs to the cluster's root and the process is nobody special, as in restricted pods: then it stays as it is.
 */
export const maySetAttributes = (directory: string): boolean => {
  const self = process.geteuid?.();
  const owner = statSync(directory, { throwIfNoEntry: false })?.uid;
  return self === 0 || owner === undefined || owner === self;
};
