import { createHash } from "node:crypto";
import { FILES, type FileCounts, JobError } from "../../spec/index.ts";
import type { ArtifactSource } from "../artifact/load-artifact.ts";
import type { Context } from "../context.ts";
import { listArchive } from "../files/list-archive.ts";
import { runPipeline } from "../process/pipeline.ts";
import type { Store } from "../store/store.ts";
import { openSnapshot, type SnapshotEntry } from "./open-snapshot.ts";
import { explainReading } from "./restic-error.ts";
import type { ResticRepository } from "./restic-repository.ts";

/** The key of a snapshot's own object. */
export const snapshotKey = (id: string): string => `${FILES}snapshots/${id}`;

/**
 * Reads one snapshot to its last byte. `restic dump` fetches, decrypts and compares with its digest every blob that the
 * snapshot needs and no other (`restic check --read-data` would read every point's), and its tar stream is counted, so
 * what is proven is a restore to nowhere. Without the point's key only the snapshot's own object is compared.
 * @returns one sentence about what was read
 * @throws JobError `corrupt` naming the damaged object, `counts-differ`
 */
export const verifySnapshot = async (
  context: Context,
  { store, identity }: ArtifactSource,
  entry: SnapshotEntry,
): Promise<string> => {
  const { snapshot } = entry;
  await compareOwnObject(store, snapshot.id);
  if (identity === undefined)
    return "the snapshot's own object is whole; its files were not read, because no key was given";
  const { repository } = await openSnapshot(context, { store, identity }, entry);
  return readSnapshot(context, store, repository, entry);
};

/** The same with a repository that is open already. */
export const readSnapshot = async (
  context: Context,
  store: Store,
  repository: ResticRepository,
  entry: SnapshotEntry,
): Promise<string> => {
  const { snapshot } = entry;
  const listing = listArchive();
  const dump = repository.call(["dump", "--no-lock", "--archive", "tar", snapshot.id, snapshot.path]);
  const explain = (exit: number, stderr: string) => explainReading(repository.name, exit, stderr);
  try {
    await runPipeline(context, [{ ...dump, explain }, listing.invocation]);
  } catch (error) {
    if (!(error instanceof JobError) || error.code !== "corrupt") throw error;
    throw await namingPack(store, error);
  }
  compare(entry, listing.counts());
  return `snapshot ${snapshot.id.slice(0, 8)} read and unpacked to nowhere: ${entry.counts.files} files of ${entry.counts.bytes} bytes, as in the manifest`;
};

/** Every object of restic's but its configuration is named by its own SHA-256. */
const compareOwnObject = async (store: Store, id: string): Promise<void> => {
  const key = snapshotKey(id);
  const found = await store.get(key);
  const hint = "choose another point or another copy";
  if (!found) throw new JobError("corrupt", `${key} is not in ${store.name}`, hint);
  if (createHash("sha256").update(found.body).digest("hex") === id) return;
  throw new JobError("corrupt", `${key} in ${store.name} has another SHA-256 than its name says`, hint);
};

/** restic names a pack by the first digits of its name; whoever looks for it in the store wants its key. */
const namingPack = async (store: Store, error: JobError): Promise<JobError> => {
  const [, short] = /(?:from |<data\/)([0-9a-f]{8,})/.exec(error.fact.replace(/<data\/[0-9a-f]+> from/, "from")) ?? [];
  const keys: string[] = [];
  if (short !== undefined)
    for await (const { key } of store.list(`${FILES}data/${short.slice(0, 2)}/${short}`)) keys.push(key);
  const named = keys.length === 0 ? "" : `${keys.join(", ")}: `;
  return new JobError("corrupt", `${named}${error.fact}`, error.hint, { cause: error });
};

/**
 * In restic's tar stream the directory itself is no member, each name of a file is a file, and devices and pipes are
 * empty ones.
 */
const compare = ({ snapshot, counts }: SnapshotEntry, found: FileCounts): void => {
  const expected = {
    files: counts.files + counts.hardLinks + counts.other,
    directories: counts.directories - 1,
    symlinks: counts.symlinks,
    bytes: snapshot.bytes,
  };
  const facts = Object.entries(expected).flatMap(([what, count]) =>
    found[what as keyof typeof expected] === count
      ? []
      : [`${found[what as keyof typeof expected]} ${what} where the manifest says ${count}`],
  );
  if (facts.length === 0) return;
  throw new JobError("counts-differ", `snapshot ${snapshot.id} holds ${facts.join(", ")}`, "choose another point");
};
