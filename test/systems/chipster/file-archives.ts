import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { makeTempDir, removeTempDir } from "../../support/temp-dir.ts";

const run = promisify(execFile);

export const sha512 = (body: Buffer): string => createHash("sha512").update(body).digest("hex");

/** GPG with a home of its own, where keys need no passphrase. */
export class GpgHome {
  readonly #home: string;

  private constructor(home: string) {
    this.#home = home;
  }

  static async make(): Promise<GpgHome> {
    return new GpgHome(await makeTempDir("keys"));
  }

  run(args: readonly string[]) {
    return run("gpg", ["--homedir", this.#home, "--batch", "--quiet", "--pinentry-mode", "loopback", ...args]);
  }

  /** A new key pair. Gives the private one, as an operator exports it. */
  async generate(name: string): Promise<string> {
    await this.run(["--passphrase", "", "--quick-generate-key", name, "default", "default", "never"]);
    return (await this.run(["--armor", "--export-secret-keys", name])).stdout;
  }

  async close(): Promise<void> {
    await run("gpgconf", ["--homedir", this.#home, "--kill", "all"]).catch(() => undefined);
    await removeTempDir(this.#home);
  }
}

/** One archive, before it is uploaded. */
export interface FilesArchive {
  readonly name: string;
  /** Its tars by their keys: they are uploaded first. */
  readonly tars: ReadonlyMap<string, Buffer>;
  /** What is uploaded last, and its text. */
  readonly infoKey: string;
  readonly info: string;
}

export interface ArchiveOptions {
  /** Options of GPG that say for whom; none: compressed only. */
  readonly encrypt?: readonly string[];
  /** The newest `archive-info`: what it names is not stored again. */
  readonly archived?: string;
  /** The name of the host that uploads. */
  readonly storage?: string;
  /** Where its files lie, as the process names it: a part of every key. */
  readonly folder?: string;
  /** Hexadecimal digits of a file's name that make a group. */
  readonly prefixLength?: number;
  /** As if a file had been damaged after its digest was taken. */
  readonly damage?: (body: Buffer) => Buffer;
}

/** Bytes where a file counts as medium and as large. Chipster has 1 MiB and 1 GiB. */
export const [MEDIUM, LARGE] = [20_000, 200_000];

/**
 * What `file-storage` stores of a directory: each file compressed, encrypted and noted, in tars by group and size, the
 * large ones alone.
 */
export const archiveFiles = async (
  gpg: GpgHome,
  directory: string,
  instant: string,
  {
    encrypt,
    archived = "",
    storage = "file-storage-0",
    folder = "storage/backup",
    prefixLength = 0,
    damage = (body) => body,
  }: ArchiveOptions,
): Promise<FilesArchive> => {
  const name = `${storage}_${instant}`;
  const scratch = await makeTempDir("archive");
  const known = new Map(linesOf(archived).map((line) => [line.split("\t")[0], line]));
  const lines: string[] = [];
  const tars = new Map<string, Buffer>();
  for (const file of await filesBelow(directory)) {
    const old = known.get(file);
    if (old !== undefined) {
      lines.push(old);
      continue;
    }
    const body = await readFile(path.join(directory, file));
    const packed = path.join(scratch, "packed");
    await writeFile(packed, damage(body));
    await run("lz4", ["-q", "-f", packed, `${packed}.lz4`]);
    const stored = encrypt ? `${file}.lz4.gpg` : `${file}.lz4`;
    await mkdir(path.dirname(path.join(scratch, stored)), { recursive: true });
    if (encrypt) {
      const output = ["--yes", "--output", path.join(scratch, stored)];
      await gpg.run(["--compress-algo", "none", ...encrypt, ...output, `${packed}.lz4`]);
    } else await rename(`${packed}.lz4`, path.join(scratch, stored));
    const closed = await readFile(path.join(scratch, stored));
    const [tar, group] = [path.join(scratch, "of.tar"), path.basename(file).slice(0, prefixLength)];
    const tarName =
      body.length < MEDIUM
        ? `${group}_small_files.tar`
        : body.length < LARGE
          ? `${group}_medium_files.tar`
          : `${path.basename(file)}.tar`;
    const key = `${name}/${folder}/${tarName}`;
    if (tars.has(key)) await writeFile(tar, tars.get(key) as Buffer);
    await run("tar", ["-f", tar, "--directory", scratch, "--append", stored]);
    tars.set(key, await readFile(tar));
    await Promise.all([rm(tar), rm(path.join(scratch, stored))]);
    lines.push([file, body.length, sha512(body), stored, closed.length, sha512(closed), name].join("\t"));
  }
  await removeTempDir(scratch);
  return { name, tars, infoKey: `${name}/backup-info`, info: lines.map((line) => `${line}\n`).join("") };
};

/**
 * What the archive server makes of an archive: it unpacks the tars, moves what did not change from the archives that it
 * has, and notes that all of it is in this one.
 * @param kept what the server has by now, by key; changed
 * @returns the text of the new `archive-info`
 */
export const keepArchive = async (kept: Map<string, Buffer>, { name, tars, info }: FilesArchive): Promise<string> => {
  const scratch = await makeTempDir("archive-server");
  for (const [, body] of tars) {
    await writeFile(path.join(scratch, "a.tar"), body);
    await run("tar", ["-xf", path.join(scratch, "a.tar"), "--directory", scratch]);
    await rm(path.join(scratch, "a.tar"));
  }
  const lines: string[] = [];
  for (const line of linesOf(info)) {
    const fields = line.split("\t");
    const [stored = "", from = ""] = [fields[3], fields[6]];
    const old = `${from}/${stored}`;
    const body = from === name ? await readFile(path.join(scratch, stored)) : kept.get(old);
    if (!body) throw new Error(`${old} is not there`);
    kept.delete(old);
    kept.set(`${name}/${stored}`, body);
    lines.push([...fields.slice(0, 6), name].join("\t"));
  }
  await removeTempDir(scratch);
  const text = lines.map((line) => `${line}\n`).join("");
  kept.set(`${name}/archive-info`, Buffer.from(text));
  return text;
};

const linesOf = (text: string): readonly string[] => text.split("\n").filter((line) => line !== "");

const filesBelow = async (directory: string): Promise<readonly string[]> => {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)))
    .toSorted();
};
