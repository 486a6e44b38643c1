import { FILES, FILES_PASSWORD_KEY, JobError } from "../../spec/index.ts";
import { inParallel } from "../catalog/in-parallel.ts";
import type { Context } from "../context.ts";
import { snapshotKey } from "../restic/verify-snapshot.ts";
import type { Store } from "../store/store.ts";
import { copyObject } from "./copy-object.ts";

/** Objects on their way at the same time. */
const WIDTH = 4;
/** Times that a copy is begun again because the first repository was pruned meanwhile. */
const TRIES = 3;

const CONFIG = `${FILES}config`;
const INDEX = `${FILES}index/`;

/**
 * Copies what the snapshots of a restic repository are made of, object by object, so that its password is not needed
 * and each snapshot keeps its name. All but the configuration are named by their own SHA-256, which is compared on the
 * way. An index comes after all that it may lead to.
 * @returns bytes that were copied
 * @throws JobError `corrupt` naming an object; `busy` while the first repository is pruned again and again
 */
export const copyFiles = async (context: Context, from: Store, to: Store): Promise<number> => {
  await copyConfig(from, to);
  let bytes = 0;
  for (let tries = 1; ; tries += 1) {
    // The index first and the data later: a backup writes them the other way round, so nothing that it names is missed.
    const index = await sizes(from, INDEX);
    try {
      const data = await sizes(from, `${FILES}data/`);
      const keys = await sizes(from, `${FILES}keys/`);
      for (const part of [keys, data, index]) bytes += await copyLacking(context, from, to, part);
      if (await isStillThere(from, index)) return bytes;
    } catch (error) {
      // An object that a prune has just removed is missing, and no fault.
      if (await isStillThere(from, index)) throw error;
    }
    if (tries === TRIES) throw pruned(from);
  }
};

/** Copies the snapshots' own objects: only those that points of the copy need, or a prune would forget them again. */
export const copySnapshots = async (
  context: Context,
  from: Store,
  to: Store,
  snapshots: readonly string[],
): Promise<number> => {
  const wanted = new Map<string, number>();
  for (const id of snapshots) {
    const size = await from.size(snapshotKey(id));
    if (size === undefined) throw missing(from, snapshotKey(id));
    wanted.set(snapshotKey(id), size);
  }
  return copyLacking(context, from, to, wanted);
};

/** Where the configuration is another one, nothing of the first repository can be opened with the copy's. */
const copyConfig = async (from: Store, to: Store): Promise<void> => {
  const [there, here] = await Promise.all([from.get(CONFIG), to.get(CONFIG)]);
  if (!there) throw missing(from, CONFIG);
  if (!here) await to.put(CONFIG, there.body, { ifNoneMatch: "*" });
  else if (!here.body.equals(there.body)) {
    throw new JobError(
      "corrupt",
      `${CONFIG} in ${from.name} is another one than was copied: a restic repository was made anew there`,
      "find out who did it; to keep copies of the new one as well, copy to another prefix",
    );
  }
  const password = await from.get(FILES_PASSWORD_KEY);
  if (password && (await to.size(FILES_PASSWORD_KEY)) === undefined) await to.put(FILES_PASSWORD_KEY, password.body);
};

const sizes = async (store: Store, below: string): Promise<ReadonlyMap<string, number>> => {
  const found = new Map<string, number>();
  for await (const { key, bytes } of store.list(below)) found.set(key, bytes);
  return found;
};

const isStillThere = async (store: Store, index: ReadonlyMap<string, number>): Promise<boolean> => {
  const now = await sizes(store, INDEX);
  return [...index.keys()].every((key) => now.has(key));
};

const copyLacking = async (
  context: Context,
  from: Store,
  to: Store,
  objects: ReadonlyMap<string, number>,
): Promise<number> => {
  const [first] = objects.keys();
  if (first === undefined) return 0;
  const here = await sizes(to, first.slice(0, first.indexOf("/", FILES.length) + 1));
  const lacking = [...objects].filter(([key]) => !here.has(key));
  for (const [key, bytes] of objects) if (here.has(key) && here.get(key) !== bytes) throw differing(from, to, key);
  const total = lacking.reduce((sum, [, bytes]) => sum + bytes, 0);
  let done = 0;
  await inParallel(WIDTH, lacking, async ([key, bytes]) => {
    context.signal.throwIfAborted();
    await copyObject(context, from, to, { key, bytes, sha256: key.slice(key.lastIndexOf("/") + 1) });
    done += bytes;
    context.report.progress("copy", `copying ${from.name}/${FILES.slice(0, -1)}`, done, total);
  });
  return total;
};

const missing = ({ name }: Store, key: string): JobError =>
  new JobError("corrupt", `${key} is not in ${name}`, "the files of its points cannot be restored from there");

const differing = (from: Store, to: Store, key: string): JobError =>
  new JobError(
    "corrupt",
    `${key} has another size in ${from.name} than in ${to.name}`,
    "one of the two was written over: `restorable verify` says which; the copy was not touched",
  );

const pruned = ({ name }: Store): JobError =>
  new JobError("busy", `${name} was pruned while it was copied, ${TRIES} times`, "run again when no prune runs there");
