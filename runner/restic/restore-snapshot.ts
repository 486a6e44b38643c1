import { mkdir, rename, rmdir } from "node:fs/promises";
import path from "node:path";
import type { Context } from "../context.ts";
import { runPipeline } from "../process/pipeline.ts";
import { literally } from "./exclude-patterns.ts";
import type { OpenSnapshot } from "./open-snapshot.ts";
import { explainReading, wordOf, wordsOf } from "./restic-error.ts";
import { restoreProgress } from "./restore-progress.ts";
import { eachLine } from "./snapshot-nodes.ts";

/** Where restic unpacks inside the directory that holds the tree. */
const UNPACKED = "unpacked";

/**
 * Restores a snapshot as `<holder>/tree`, owner, mode and attributes of the directory itself included. Every blob is
 * compared with its digest on the way. Without root, what only root may set is left out, as tar does.
 * @param within only these paths of the snapshot, with the directories on the way to them: nothing else is fetched.
 *   @default everything
 * @throws JobError `corrupt` naming a file whose data are damaged; `no-room`; `too-few-rights`
 */
export const restoreSnapshot = async (
  context: Context,
  { repository, snapshot }: OpenSnapshot,
  holder: string,
  within: readonly string[] = [],
): Promise<void> => {
  const unpacked = path.join(holder, UNPACKED);
  await mkdir(unpacked, { mode: 0o700 });
  const progress = restoreProgress(context, snapshot);
  const only = within.map((each) => `--include=${literally(each)}`);
  const args = ["restore", "--json", "--no-lock", "--sparse", "--target", unpacked, ...only, snapshot.id];
  const kept: string[] = [];
  const invocation = repository.call(args, {
    onErrorLine: (line) => {
      if (kept.length < 3 && line.includes('"message_type":"error"')) kept.push(wordOf(line));
    },
  });
  const explain = (exit: number, stderr: string) =>
    explainReading(repository.name, exit, kept.length > 0 ? kept.join(" | ") : wordsOf(stderr));
  await runPipeline(context, [{ ...invocation, explain }], { output: (stdout) => eachLine(stdout, progress) });
  await rename(path.join(unpacked, snapshot.path), path.join(holder, "tree"));
  await rmdir(unpacked);
};
