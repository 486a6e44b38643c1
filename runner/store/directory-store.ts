import { createHash } from "node:crypto";
import { mkdir, open, rename, rm, rmdir, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { JobError, type Role } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { directoryError, isMissing, isTaken, preconditionFailed } from "./directory-error.ts";
import {
  currentGeneration,
  etagOf,
  readCurrent,
  removeGenerations,
  replaceGeneration,
  withCurrent,
} from "./directory-generations.ts";
import { linkNew } from "./directory-link.ts";
import { listFiles, removeTemporaries, statCurrent } from "./directory-listing.ts";
import { confirmFile, SourceFailed, temporaryName, withTemporary, writeStream } from "./directory-write.ts";
import type { Got, ObjectVersion, Put, PutConditions, Store, StreamedPut, StreamOptions } from "./store.ts";
import { checkedKey } from "./store-key.ts";

/** What a store without versions calls the only one of an object, as S3 does. */
const ONLY = "null";

/** A directory, local or on a network file system that has hard links. It keeps no versions. */
export const directoryStore = (context: Context, path: string, role: Role, prefix: string): Store => {
  const root = join(path, prefix).replace(/\/$/, "");
  const fileOf = (key: string) => join(root, checkedKey(key));
  const ask = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw directoryError(error, what, root);
    }
  };
  const known = (versionId: string | undefined) => versionId === undefined || versionId === ONLY;
  const list = (below: string) => ask(`listing ${below}`, () => listFiles(root, below));
  return {
    name: root,
    versioned: async () => false,
    expiresByTag: async () => false,
    put: (key, body, conditions) =>
      ask(`writing ${key}`, () => put(root, key, fileOf(key), Buffer.from(body), conditions)),
    putStream: async (key, body, options) => putStream(root, key, fileOf(key), body, options),
    get: (key, versionId) => ask(`reading ${key}`, () => (known(versionId) ? get(fileOf(key)) : absent())),
    getStream: (key, { versionId, signal }) =>
      ask(`reading ${key}`, () => readStream(root, key, known(versionId) ? fileOf(key) : undefined, signal)),
    size: (key, versionId) =>
      ask(`looking at ${key}`, async () => (known(versionId) ? (await statCurrent(fileOf(key)))?.size : undefined)),
    list: async function* (below) {
      yield* await list(below);
    },
    versions: async function* (below) {
      for (const { key, modified } of await list(below)) yield only(key, modified);
    },
    tag: (key) => lacks(root, `tag ${key}`, "tags"),
    lock: absent,
    lockUntil: (key) => lacks(root, `lock ${key}`, "locks"),
    remove: (key, versionId) => ask(`removing ${key}`, () => (known(versionId) ? remove(root, fileOf(key)) : absent())),
    abortUploads: (below, before) => ask("removing half-written files", () => removeTemporaries(root, below, before)),
    place: async (below) => ({ kind: "directory", path: join(root, below).replace(/\/$/, "") }),
    clock: () => ask("asking for the time", () => clock(context, root, role)),
    room: () => ask("asking for the room", () => room(root)),
  };
};

const only = (key: string, modified: Date): ObjectVersion => ({
  key,
  versionId: ONLY,
  modified,
  latest: true,
  deleteMarker: false,
});

const absent = async (): Promise<undefined> => undefined;

const lacks = async (root: string, what: string, things: string): Promise<never> => {
  const fact = `${root} cannot ${what}: a directory has no ${things}`;
  throw new JobError("store-lacks", fact, "let the pruner delete instead");
};

const put = async (
  root: string,
  key: string,
  file: string,
  body: Buffer,
  conditions: PutConditions = {},
): Promise<Put> => {
  const sha256 = createHash("sha256").update(body).digest("hex");
  const write = (publish: (name: string) => Promise<number>) =>
    withTemporary(file, (handle) => handle.writeFile(body), publish);
  if (conditions.ifMatch !== undefined) {
    const current = await readCurrent(file);
    if (current?.etag !== conditions.ifMatch) throw preconditionFailed(key, root);
    const replace = (name: string) => replaceGeneration(file, current.number, name);
    const number = await write(async (name) => {
      if (!(await replace(name))) throw preconditionFailed(key, root);
      return current.number + 1;
    });
    return { etag: etagOf(number, sha256) };
  }
  if (conditions.ifNoneMatch !== undefined) {
    if (await currentGeneration(file)) throw preconditionFailed(key, root);
    const publish = async (name: string) => {
      if (!(await linkNew(name, file))) throw preconditionFailed(key, root);
      return 0;
    };
    return { etag: etagOf(await write(publish), sha256) };
  }
  return { etag: etagOf(await write((name) => overwrite(file, name)), sha256) };
};

/** Puts a finished file in place whatever is there, and says which generation it is. */
const overwrite = async (file: string, name: string): Promise<number> => {
  for (;;) {
    const number = (await currentGeneration(file))?.number ?? 0;
    if (number === 0) {
      await rename(name, file);
      return 0;
    }
    if (await replaceGeneration(file, number, name)) return number + 1;
  }
};

const putStream = async (
  root: string,
  key: string,
  file: string,
  body: Readable,
  options: StreamOptions,
): Promise<StreamedPut> => {
  const { signal } = options;
  signal.throwIfAborted();
  let counted = { bytes: 0, sha256: "" };
  try {
    const number = await withTemporary(
      file,
      async (handle) => {
        counted = await writeStream(handle, body, options);
      },
      async (name) => {
        await confirmFile(name, key, counted.sha256);
        signal.throwIfAborted();
        return overwrite(file, name);
      },
    );
    return { ...counted, etag: etagOf(number, counted.sha256) };
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof SourceFailed ? error.cause : directoryError(error, `writing ${key}`, root);
  } finally {
    body.destroy();
  }
};

const get = async (file: string): Promise<Got | undefined> => {
  const current = await readCurrent(file);
  return current && { body: current.body, etag: current.etag };
};

const readStream = async (
  root: string,
  key: string,
  file: string | undefined,
  signal: AbortSignal,
): Promise<Readable> => {
  signal.throwIfAborted();
  const handle = file === undefined ? undefined : await withCurrent(file, ({ path }) => open(path, "r"));
  if (!handle) {
    throw new JobError(
      "corrupt",
      `${key} is not in ${root}`,
      "the point that names it is not complete here: choose another point (`restorable list`) or another copy",
    );
  }
  const stream = handle.createReadStream({ highWaterMark: 1 << 20 });
  const stop = () => stream.destroy(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  stream.once("close", () => signal.removeEventListener("abort", stop));
  return stream;
};

const remove = async (root: string, file: string): Promise<void> => {
  await removeGenerations(file);
  for (let directory = dirname(file); directory.startsWith(`${root}/`); directory = dirname(directory)) {
    try {
      await rmdir(directory);
    } catch (error) {
      if (isMissing(error)) continue;
      if ((error as NodeJS.ErrnoException).code === "ENOTEMPTY" || isTaken(error)) return;
      throw error;
    }
  }
};

/** The clock of the file system, which on a network is its server's: the time of a file written now. */
const clock = async (context: Context, root: string, role: Role): Promise<Date> => {
  if (role === "reader") return context.now(); // may not write
  await mkdir(root, { recursive: true });
  const name = temporaryName(join(root, "clock"));
  try {
    await (await open(name, "wx")).close();
    return (await stat(name)).mtime;
  } finally {
    await rm(name, { force: true });
  }
};

const room = async (path: string): Promise<number> => {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch (error) {
    if (!isMissing(error) || path === "/") throw error;
    return room(dirname(path));
  }
};
