import { execFile } from "node:child_process";
import { chmod, chown, link, mkdir, open, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { promisify } from "node:util";
import { hasProgram } from "../../support/has-program.ts";

const run = promisify(execFile);

/** Size of the sparse file, which has one block of data in its middle. */
export const SPARSE_BYTES = 8 * 2 ** 20;

/** Whether the tests run as root; owners, devices and capabilities can be made only then. */
export const isRoot = process.geteuid?.() === 0;

/** A tree with one of every shape that a file system knows. */
export async function makeShapes(directory: string): Promise<void> {
  const at = (name: string) => path.join(directory, name);
  const bytes = (...parts: (string | number[])[]) =>
    Buffer.concat([Buffer.from(`${directory}/`), ...parts.map((part) => Buffer.from(part as string))]);
  await mkdir(at("empty"));
  await mkdir(at("closed"), { mode: 0o700 });
  await writeFile(at("closed/private"), "private");
  await chmod(at("closed/private"), 0o400);
  await writeFile(at("zero"), "");
  await writeFile(at("text"), "some text\n");
  await writeFile(at("setuid"), "#!/bin/true\n");
  await link(at("text"), at("text again"));
  await symlink("text", at("link"));
  await symlink("../nowhere -> at all", at("dangling"));
  await symlink("/etc/passwd", at("absolute"));
  await link(at("link"), at("link again"));
  await run("mkfifo", [at("fifo")]);
  await makeNames(bytes);
  await makeDeep(directory);
  await makeSparse(at("sparse"));
  await makeRights(at);
  await run("touch", [
    "--no-dereference",
    "--date=@1600000000.123456789",
    at("link"),
    at("text"),
    at("empty"),
    at("fifo"),
  ]);
  await run("touch", ["--date=@0.000000001", at("zero")]);
  await run("touch", ["--date=@-86400.5", at("closed")]);
}

const makeNames = async (bytes: (...parts: (string | number[])[]) => Buffer): Promise<void> => {
  const names = [
    "-dash",
    "--checkpoint-action=exec=false",
    "new\nline",
    "carriage\rreturn",
    "quote'\"`$(false)",
    "back\\slash",
    "tab\tand space ",
    "a -> b",
    "c link to d",
    "*?[x]{y}",
    "#~!",
    "naïve ☃ 名前",
    "n".repeat(255),
  ];
  for (const name of names) await writeFile(bytes(name), name);
  await writeFile(bytes("latin", [0xe9, 0xff, 0xfe, 0x80]), "no text");
  await mkdir(bytes("folder", [0xe9, 0x0a]));
  await writeFile(bytes("folder", [0xe9, 0x0a], "/", [0x01, 0x1b, 0x7f]), "control");
};

/** Longer than the 255 bytes that the oldest tar format has room for. */
const makeDeep = async (directory: string): Promise<void> => {
  const deep = path.join(directory, ...Array.from({ length: 14 }, (_, index) => `${index}-${"d".repeat(200)}`));
  await mkdir(deep, { recursive: true });
  await writeFile(path.join(deep, "bottom"), "deep");
  await symlink("t".repeat(1_000), path.join(deep, "long target"));
};

const makeSparse = async (file: string): Promise<void> => {
  const handle = await open(file, "w");
  await handle.truncate(SPARSE_BYTES);
  await handle.write("in the middle", SPARSE_BYTES / 2);
  await handle.close();
};

const makeRights = async (at: (name: string) => string): Promise<void> => {
  await mkdir(at("sticky"));
  await mkdir(at("group"));
  await writeFile(at("owned"), "owned");
  if (isRoot) {
    await chown(at("owned"), 12_345, 54_321);
    await chown(at("group"), 0, 54_321);
    await run("mknod", [at("device"), "c", "1", "3"]);
  }
  await chmod(at("sticky"), 0o1777);
  await chmod(at("group"), 0o2775);
  await chmod(at("setuid"), 0o6755);
  if (await hasProgram("setfattr")) {
    await run("setfattr", ["--name=user.note", "--value=0x00ff0a", at("text")]);
    await run("setfattr", ["--name=user.folder", "--value=yes", at("empty")]);
    if (isRoot) await run("setfattr", ["--name=trusted.note", "--value=root", at("text")]);
  }
  if (await hasProgram("setfacl")) {
    await run("setfacl", ["--modify=user:12345:rw-", at("text")]);
    await run("setfacl", ["--default", "--modify=group:54321:r-x", at("group")]);
  }
  if (isRoot && (await hasProgram("setcap"))) await run("setcap", ["cap_net_raw+ep", at("setuid")]);
};

/** A socket stays as long as its server listens. */
export async function makeSocket(file: string): Promise<() => Promise<void>> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(file, resolve));
  return () => new Promise((resolve) => server.close(() => resolve()));
}
