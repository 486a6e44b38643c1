import { randomBytes } from "node:crypto";
import { chmod, link, lutimes, mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import path from "node:path";

/** A time in the past, so that a restore that forgot times would show. */
const THEN = new Date("2024-02-29T12:34:56.789Z");

/** 10,000 files of many shapes, about 60 MB. */
export const createSampleFiles = async (directory: string): Promise<void> => {
  for (let folder = 0; folder < 100; folder += 1) {
    const name = path.join(directory, `study ${folder}`, "raw");
    await mkdir(name, { recursive: true });
    await Promise.all(
      Array.from({ length: 99 }, (_, file) =>
        writeFile(path.join(name, `image-${file}.tif`), content(folder * 100 + file)),
      ),
    );
  }
  await createOddFiles(directory);
};

/** Half of it does not compress, like an image. */
const content = (seed: number): Buffer =>
  Buffer.concat([randomBytes(500 + (seed % 5_000)), Buffer.alloc(500 + (seed % 5_000), `restorable ${seed} `)]);

const createOddFiles = async (directory: string): Promise<void> => {
  const odd = path.join(directory, "odd");
  await mkdir(odd);
  await Promise.all(
    Array.from({ length: 96 }, (_, file) => writeFile(path.join(odd, `'quoted' "${file}" ü\n.txt`), `${file}\n`)),
  );
  await writeFile(path.join(odd, "private"), "secret\n", { mode: 0o600 });
  await link(path.join(odd, "private"), path.join(odd, "hard link to private"));
  await symlink("nowhere", path.join(odd, "dangling link"));
  await lutimes(path.join(odd, "dangling link"), THEN, THEN);
  await writeFile(path.join(odd, "set-group-id"), "", { mode: 0o755 });
  await chmod(path.join(odd, "set-group-id"), 0o2755);
  await utimes(path.join(odd, "private"), THEN, THEN);
  await mkdir(path.join(odd, "empty directory"));
};
