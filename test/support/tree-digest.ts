import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { hasProgram } from "./has-program.ts";

const SLASH = Buffer.from("/");

/**
 * One line for each thing in a tree, the directory itself first: path by bytes, type, mode, owner, time to the
 * nanosecond, size, digest, link target, hard links by the first of their names, and extended attributes. Two trees
 * are equal when their lines are.
 */
export async function treeDigest(directory: string): Promise<string[]> {
  const lines: string[] = [];
  const firstNames = new Map<string, string>();
  const visit = async (path: Buffer, name: string): Promise<void> => {
    const stat = await lstat(path, { bigint: true });
    const inode = `${stat.dev}:${stat.ino}`;
    const group = stat.isDirectory() || stat.nlink === 1n ? "" : (firstNames.get(inode) ?? name);
    firstNames.set(inode, group);
    const shared = [name, stat.mode.toString(8), `${stat.uid}:${stat.gid}`, String(stat.mtimeNs), group];
    lines.push([...shared, ...(await content(path, stat))].join(" | "));
    if (!stat.isDirectory()) return;
    const names = (await readdir(path, { encoding: "buffer" })).sort(Buffer.compare);
    for (const each of names) await visit(Buffer.concat([path, SLASH, each]), `${name}/${escaped(each)}`);
  };
  await visit(Buffer.from(directory), ".");
  return [...lines, ...(await attributes(directory))];
}

const content = async (path: Buffer, stat: Awaited<ReturnType<typeof lstat>> | { size: bigint }): Promise<string[]> => {
  const kind = stat as { isFile(): boolean; isSymbolicLink(): boolean; size: bigint };
  if (kind.isSymbolicLink()) return [escaped(await readlink(path, { encoding: "buffer" }))];
  if (!kind.isFile()) return [];
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return [String(kind.size), hash.digest("hex")];
};

/** Readable where a name is plain text, exact where it is not. */
const escaped = (bytes: Buffer): string =>
  [...bytes].map((byte) => (byte > 32 && byte < 127 ? String.fromCharCode(byte) : `%${byte.toString(16)}`)).join("");

/** What `getfattr` says, in one order; nothing where it is not installed. */
const attributes = async (directory: string): Promise<string[]> => {
  if (!(await hasProgram("getfattr"))) return [];
  const args = ["--recursive", "--physical", "--no-dereference", "--dump", "--match=-", "--encoding=hex", "."];
  const { stdout } = await promisify(execFile)("getfattr", args, { cwd: directory, maxBuffer: 2 ** 28 });
  return stdout.split("\n\n").filter(Boolean).sort();
};
