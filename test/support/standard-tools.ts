import { mkdir, symlink } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import { tools } from "../../tools/servers/tools.ts";

/** Makes a folder with these programs and no others; answers its path. */
export async function onlyPrograms(directory: string, names: readonly string[]): Promise<string> {
  const bin = path.join(directory, "bin");
  await mkdir(bin);
  for (const name of names) await symlink(await whereIs(name), path.join(bin, name));
  return bin;
}

async function whereIs(name: string): Promise<string> {
  const { postgresBin, age, zstd, tar, restic } = tools();
  const known: Record<string, string | undefined> = {
    age,
    zstd,
    tar,
    restic,
    pg_restore: path.join(postgresBin, "pg_restore"),
    createdb: path.join(postgresBin, "createdb"),
  };
  return known[name] ?? (await execa("/bin/sh", ["-c", `command -v ${name}`])).stdout;
}
