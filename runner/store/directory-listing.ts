import type { Dirent, Stats } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isMissing } from "./directory-error.ts";
import { withCurrent } from "./directory-generations.ts";
import { TEMPORARY } from "./directory-write.ts";
import type { StoredObject } from "./store.ts";
import { RESERVED } from "./store-key.ts";

const entriesOf = async (directory: string): Promise<readonly Dirent[]> => {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
};

/** The deepest directory that holds everything below a prefix: `a/b` of `a/b/c`. */
const directoryOf = (below: string): string => below.slice(0, below.lastIndexOf("/") + 1);

/** Files below a prefix in the order of their keys' bytes, as S3 lists them. */
export const listFiles = async (root: string, below: string): Promise<readonly StoredObject[]> => {
  const found: StoredObject[] = [];
  const walk = async (directory: string): Promise<void> => {
    const entries = await entriesOf(join(root, directory));
    for (const entry of entries) {
      const key = directory + entry.name;
      if (entry.name.startsWith(RESERVED)) continue;
      if (entry.isDirectory() && overlaps(`${key}/`, below)) await walk(`${key}/`);
      if (!entry.isFile() || !key.startsWith(below)) continue;
      const stats = await statCurrent(join(root, key));
      if (stats) found.push({ key, bytes: stats.size, modified: stats.mtime });
    }
  };
  await walk(directoryOf(below));
  return found.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
};

const overlaps = (directory: string, below: string): boolean =>
  directory.startsWith(below) || below.startsWith(directory);

export const statCurrent = (file: string): Promise<Stats | undefined> => withCurrent(file, ({ path }) => stat(path));

/** Removes half-written files that have not changed since an instant. */
export const removeTemporaries = async (root: string, below: string, before: Date): Promise<number> => {
  let removed = 0;
  const walk = async (directory: string): Promise<void> => {
    for (const entry of await entriesOf(join(root, directory))) {
      const path = join(root, directory, entry.name);
      if (entry.name.startsWith(TEMPORARY)) {
        const stats = await stat(path).catch(() => undefined);
        if (!stats || stats.mtime >= before) continue;
        await rm(path, { recursive: true, force: true });
        removed += 1;
      } else if (entry.isDirectory() && !entry.name.startsWith(RESERVED)) {
        await walk(`${directory}${entry.name}/`);
      }
    }
  };
  await walk(directoryOf(below));
  return removed;
};
