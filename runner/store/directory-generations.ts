import { createHash } from "node:crypto";
import { link, mkdir, readdir, readFile, rename, rm, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { syncDirectory } from "../world/sync-directory.ts";
import { isMissing } from "./directory-error.ts";
import { linkNew } from "./directory-link.ts";
import { temporaryName } from "./directory-write.ts";
import { RESERVED } from "./store-key.ts";

/*
 * Conditional overwriting of a file, by hard links only. The file as it was first written is generation 0. Every later
 * generation is a file of its own, named by its number, and the highest number is the content. Who replaces
 * generation n links its new file under n + 1: the kernel lets exactly one do that. So there is never a moment without
 * content, and a process that dies at any point leaves nothing that another has to wait for. (Renaming the file away
 * to compare it, or a lock file, would each leave such a moment.)
 */

interface Generation {
  readonly number: number;
  readonly path: string;
}

const folderOf = (file: string): string => join(dirname(file), `${RESERVED}of-${basename(file)}`);

const numbersIn = async (folder: string): Promise<readonly number[]> => {
  try {
    return (await readdir(folder)).filter((name) => /^\d+$/.test(name)).map(Number);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
};

/** What holds the content of a file now; undefined when there is none. */
export const currentGeneration = async (file: string): Promise<Generation | undefined> => {
  const number = Math.max(0, ...(await numbersIn(folderOf(file))));
  if (number > 0) return { number, path: join(folderOf(file), String(number)) };
  try {
    return (await stat(file)).isFile() ? { number: 0, path: file } : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};

/** Uses the current generation; again, when that was replaced and removed between two steps. */
export const withCurrent = async <T>(
  file: string,
  use: (current: Generation) => Promise<T>,
): Promise<T | undefined> => {
  for (;;) {
    const current = await currentGeneration(file);
    if (!current) return undefined;
    try {
      return await use(current);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
};

/** An etag names the generation too, so that a content which comes back is not taken for one that never went. */
export const etagOf = (number: number, sha256: string): string => `${number}-${sha256}`;

export const readCurrent = (file: string) =>
  withCurrent(file, async ({ number, path }) => {
    const body = await readFile(path);
    return { body, number, etag: etagOf(number, createHash("sha256").update(body).digest("hex")) };
  });

/** Puts a finished file in the place of generation `number`. False when somebody else did so first; then nothing changed. */
export const replaceGeneration = async (file: string, number: number, finished: string): Promise<boolean> => {
  const folder = folderOf(file);
  const [mine, path] = [number + 1, join(folder, String(number + 1))];
  await mkdir(folder, { recursive: true });
  if (!(await linkNew(finished, path))) return false;
  const others = (await numbersIn(folder)).filter((other) => other !== mine);
  if (others.some((other) => other > mine)) {
    // We came so late that our number had been used and cleared away.
    await rm(path, { force: true });
    return false;
  }
  await syncDirectory(folder);
  for (const other of others) await rm(join(folder, String(other)), { force: true });
  await showGeneration(file, path);
  return true;
};

/** For people who look into the directory: the plain name shows the newest content as well. Nothing relies on it. */
const showGeneration = async (file: string, path: string): Promise<void> => {
  const name = temporaryName(file);
  try {
    await link(path, name);
    await rename(name, file);
    await rm(name, { force: true }); // a rename onto a link of the same file leaves both names
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
};

/** Removes a file with all its generations: first aside in one step, so that a death half way leaves generation 0. */
export const removeGenerations = async (file: string): Promise<void> => {
  const aside = temporaryName(file);
  await rename(folderOf(file), aside).catch(ignoreMissing);
  await unlink(file).catch(ignoreMissing);
  await rm(aside, { recursive: true, force: true });
};

const ignoreMissing = (error: unknown): void => {
  if (!isMissing(error)) throw error;
};
