import { randomBytes, randomUUID } from "node:crypto";
import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";

/** How many files of which size: as Chipster's users leave them, most are small and most bytes are in few. */
const SHARES = [
  { of: 0.975, bytes: 60_000 },
  { of: 0.024, bytes: 5_000_000 },
  { of: 0.001, bytes: 70_000_000 },
] as const;

/** The bytes of a tree of so many files where nothing is scaled. */
const UNSCALED = SHARES.reduce((sum, { of, bytes }) => sum + of * bytes, 0);

export interface StorageSize {
  readonly files: number;
  readonly megabytes: number;
}

/** One new file as file-storage names it: a UUID, in a folder of its first two digits. Half random, half text. */
const addFile = async (directory: string, bytes: number): Promise<void> => {
  const name = randomUUID();
  const folder = path.join(directory, name.slice(0, 2));
  await mkdir(folder, { recursive: true });
  const half = randomBytes(Math.ceil(bytes / 2));
  const text = half.subarray(0, Math.floor(bytes / 4)).toString("hex");
  await writeFile(path.join(folder, name), Buffer.concat([half, Buffer.from(text)]));
};

/** Makes the tree of a file-storage. Sizes differ from a half to one and a half of their kind's. */
export const fillStorage = async (directory: string, { files, megabytes }: StorageSize): Promise<void> => {
  const scale = (megabytes * 1_000_000) / (UNSCALED * files);
  for (const { of, bytes } of SHARES) {
    const count = Math.round(files * of);
    for (let file = 0; file < count; file += 1)
      await addFile(directory, Math.round(bytes * scale * (0.5 + (file % 11) / 10)));
  }
};

/** What a day changes: files never change, some are new and some are removed. */
export const changeStorage = async (directory: string, { files, megabytes }: StorageSize): Promise<void> => {
  const day = { files: Math.max(10, files / 200), megabytes: megabytes / 200 };
  const small = (await filesOf(directory)).filter(({ bytes }) => bytes < 500_000);
  for (const { file } of small.slice(0, day.files / 2)) await rm(file);
  const each = (day.megabytes * 1_000_000) / (2 * day.files);
  for (let file = 0; file < day.files; file += 1) await addFile(directory, Math.round(each));
  await addFile(directory, Math.round((day.megabytes * 1_000_000) / 2));
};

/** What lies in a directory: files and their bytes. */
export const measure = async (directory: string): Promise<{ readonly files: number; readonly bytes: number }> => {
  const found = await filesOf(directory);
  return { files: found.length, bytes: found.reduce((sum, { bytes }) => sum + bytes, 0) };
};

const filesOf = async (directory: string): Promise<readonly { readonly file: string; readonly bytes: number }[]> => {
  const found: { file: string; bytes: number }[] = [];
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    found.push({ file, bytes: (await stat(file)).size });
  }
  return found;
};
