import { realpath } from "node:fs/promises";
import path from "node:path";
import type { FilesEntry, FilesSource } from "../../spec/index.ts";
import type { StoreStream } from "../artifact/store-stream.ts";
import type { Context } from "../context.ts";
import { requireDirectory } from "../files/inspect-directory.ts";
import { refuseEmpty } from "../files/store-files.ts";
import { runPipeline } from "../process/pipeline.ts";
import { backupMessages } from "./backup-messages.ts";
import { excludePatterns } from "./exclude-patterns.ts";
import { resticVersion } from "./restic-program.ts";
import type { ResticRepository } from "./restic-repository.ts";
import { countSnapshot, eachLine } from "./snapshot-nodes.ts";

/** Snapshots without this tag are somebody else's, and never forgotten. */
export const OUR_TAG = "restorable";

/** restic's exit code where something could not be read; a snapshot of the rest is there all the same. */
const INCOMPLETE = 3;
/** How long a backup waits for a prune that holds the lock. */
const PATIENCE = "5m";

export interface SnapshotTarget {
  /** The plan's name: restic finds the last snapshot of a source by it, in whatever container it was made. */
  readonly plan: string;
  readonly repository: ResticRepository;
  readonly password: string;
  readonly storeStream: StoreStream;
}

/**
 * Stores a directory as a restic snapshot: only what changed since the last one is read and stored. What vanishes while
 * it is read is listed; a file that cannot be read fails the backup.
 * @throws JobError `missing-directory`; `empty-source` unless empty is fine; `too-few-rights` naming a file; `busy`
 *   while a prune runs; `wrong-key`; what `storeStream` says
 */
export const storeSnapshot = async (
  context: Context,
  source: FilesSource,
  { plan, repository, password, storeStream }: SnapshotTarget,
): Promise<FilesEntry> => {
  const { name, directory, allowEmpty } = source;
  await requireDirectory(directory);
  const version = await resticVersion(context);
  const started = context.now().toISOString();
  const real = await realpath(directory);
  const messages = backupMessages(context, directory);
  const invocation = repository.call(backupArguments(plan, source, real), {
    cwd: path.dirname(real),
    okExits: [0, INCOMPLETE],
    onErrorLine: messages.addError,
  });
  const [finished] = await runPipeline(context, [invocation], { output: (stdout) => eachLine(stdout, messages.add) });
  const { id, addedBytes } = messages.result(finished?.exit === INCOMPLETE);
  const { counts, bytes } = await countSnapshot(context, repository, id);
  if (!allowEmpty) refuseEmpty(directory, counts);
  return {
    kind: "files",
    name,
    directory,
    started,
    finished: context.now().toISOString(),
    counts,
    changed: messages.vanished(),
    snapshot: { id, path: `/${path.basename(real)}`, version, bytes, addedBytes },
    artifacts: [
      await storeStream({
        role: "password",
        file: `${name}.password.txt`,
        format: "text",
        producers: [],
        text: `${password}\n`,
      }),
    ],
  };
};

/** The last snapshot is found by plan and source, because the path of a directory may differ from host to host. */
const backupArguments = (plan: string, { name, exclude }: FilesSource, real: string): readonly string[] => [
  "backup",
  "--json",
  "--host",
  plan,
  "--tag",
  `${OUR_TAG},source=${name}`,
  "--group-by",
  "host,tags",
  "--retry-lock",
  PATIENCE,
  ...excludePatterns(real, exclude).map((pattern) => `--exclude=${pattern}`),
  "--",
  path.basename(real),
];
