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
