import { createWriteStream } from "node:fs";
import { chmod, chown, lstat, mkdir } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { type Artifact, type FilesEntry, JobError, type OldObject } from "../../spec/index.ts";
import { type ArtifactSource, loadArtifact, storeOf } from "../artifact/load-artifact.ts";
import type { Context } from "../context.ts";
import { digestOf } from "../store/digest-stream.ts";
import { directoryError } from "../store/directory-error.ts";
import { newestVersion } from "../store/newest-version.ts";
import type { Store } from "../store/store.ts";
import { directoriesOf, type InfoLine, parseFilesInfo } from "./chipster-info.ts";
import { readChipsterFiles } from "./read-chipster-files.ts";

/**
 * The info of an archive of files: the one artifact of its entry, pinned by its digest. What it names is found anew by
 * every read, and is what it was as long as both SHA-512 of each file are those in the info.
 */
export const isChipsterInfo = ({ role, format }: Artifact): boolean => role === "files" && format === "text";

/**
 * Reads an archive of files to its end, through both layers of every file.
 * @throws JobError `corrupt` naming the file, or the archives that are missing; `wrong-key`
 */
export const readChipsterTree = async (
  context: Context,
  root: Store,
  { key, time }: OldObject,
  identity: string | undefined,
): Promise<FilesEntry> => {
  const versionId = await newestVersion(root, key);
  const pinned = versionId === undefined ? {} : { versionId };
  const body = (await root.get(key, versionId))?.body;
  if (!body) throw new JobError("unknown-point", `${key} is not in ${root.name} any more`, "choose another archive");
  const lines = parseFilesInfo(body.toString(), key);
  await readChipsterFiles(context, root, { key, lines, identity, step: "checked" }, discard);
  return {
    kind: "files",
    name: "old",
    directory: key,
    started: `${time}Z`,
    finished: `${time}Z`,
    counts: {
      files: lines.length,
      directories: directoriesOf(lines).size + 1,
      symlinks: 0,
      hardLinks: 0,
      other: 0,
      bytes: lines.reduce((sum, { size }) => sum + size, 0),
    },
    changed: [],
    artifacts: [
      {
        role: "files",
        key,
        below: "repository",
        ...pinned,
        ...(await digestOf([body] as unknown as AsyncIterable<Buffer>)),
        format: "text",
        compression: "none",
        encryption: "none",
      },
    ],
  };
};

/**
 * The same for an info that is pinned.
 * @returns one sentence about what was read
 */
export const verifyChipsterTree = async (context: Context, source: ArtifactSource, info: Artifact): Promise<string> => {
  const lines = await linesOf(context, source, info);
  const { identity } = source;
  await readChipsterFiles(
    context,
    storeOf(source, info),
    { key: info.key, lines, identity, step: "verified" },
    discard,
  );
  return `${lines.length} files read, both SHA-512 of each as in ${info.key}`;
};

/**
 * Writes every file below an empty directory. Such archives know no owners, modes and times: everything gets the owner
 * of `live`, where there is one and this process may give files away, and the modes 755 and 644.
 * @throws JobError as reading it does; `no-room`, `too-few-rights`
 */
export const unpackChipsterTree = async (
  context: Context,
  source: ArtifactSource,
  info: Artifact,
  { directory, live }: { readonly directory: string; readonly live: string },
): Promise<void> => {
  const lines = await linesOf(context, source, info);
  const like = await lstat(live).catch(() => undefined);
  const own = async (file: string) => {
    if (like && process.geteuid?.() === 0) await chown(file, like.uid, like.gid);
  };
  for (const below of [...directoriesOf(lines)].toSorted()) {
    await mkdir(path.join(directory, below), { mode: 0o755 });
    await own(path.join(directory, below));
  }
  const take = async ({ path: below }: InfoLine, bytes: Readable) => {
    const file = path.join(directory, below);
    await pipeline(bytes, createWriteStream(file, { flags: "wx", mode: 0o644 })).catch((error) => {
      throw "syscall" in error ? directoryError(error, `writing ${below}`, directory) : error;
    });
    await own(file);
  };
  const { identity } = source;
  await readChipsterFiles(context, storeOf(source, info), { key: info.key, lines, identity, step: "restoring" }, take);
  if (directory === live) return;
  await chmod(directory, like ? like.mode & 0o7777 : 0o755);
  await own(directory);
};

const linesOf = async (context: Context, source: ArtifactSource, info: Artifact): Promise<readonly InfoLine[]> => {
  let read = "";
  const output = async (stdout: Readable) => {
    read = await text(stdout);
  };
  await loadArtifact(context, source, info, [], { output });
  return parseFilesInfo(read, info.key);
};

const discard = async (_: InfoLine, bytes: Readable): Promise<void> => {
  for await (const _ of bytes);
};
