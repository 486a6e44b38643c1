import { mkdir, readdir } from "node:fs/promises";
import { type FileCounts, JobError } from "../../spec/index.ts";
import type { Invocation } from "../process/invocation.ts";
import { maySetAttributes } from "./file-system.ts";
import { besideTree, type SwapNames } from "./names.ts";
import { INDEX_OPTIONS, tarIndex } from "./tar-index.ts";
import { explainPick, explainWrite, tarMessages } from "./tar-messages.ts";
import { extractOptions, pickOptions } from "./tar-options.ts";

/** The unpacking of one archive. */
export interface Extraction {
  /** Reads the tar stream from stdin: the last process of a pipeline. */
  readonly invocation: Invocation;
  /** What was unpacked so far. */
  readonly counts: () => FileCounts;
  /** What tar had to leave out or say, at most 100 lines. */
  readonly messages: () => readonly string[];
}

/**
 * Makes the directory beside, with mode 0700 until the swap, and says how to unpack into it.
 * @throws JobError `target-not-empty` when there is something already
 */
export const extractBeside = async (part: SwapNames, paths?: readonly string[]): Promise<Extraction> => {
  await makeEmpty(part.beside);
  const tree = besideTree(part);
  if (tree !== part.beside) await makeEmpty(tree);
  return extractInto(tree, paths);
};

/**
 * Unpacks into a directory that is there, over what is in it.
 * @param paths only these, with the directories on the way to them. @default everything
 */
export const extractInto = (directory: string, paths?: readonly string[]): Extraction => {
  const own = maySetAttributes(directory) ? [] : ["--no-overwrite-dir"];
  const [index, messages] = [tarIndex(), tarMessages()];
  const isRoot = process.geteuid?.() === 0;
  return {
    invocation: {
      file: "tar",
      args: [
        ...extractOptions(isRoot),
        ...own,
        ...INDEX_OPTIONS,
        "--directory",
        directory,
        ...(paths ? pickOptions(paths) : []),
      ],
      onIndexLine: index.add,
      onErrorLine: messages.add,
      explain: () => explainPick(messages, paths ?? []) ?? explainWrite(messages, directory),
    },
    counts: index.counts,
    messages: messages.list,
  };
};

/** @throws JobError `target-not-empty` */
export const makeEmpty = async (directory: string): Promise<void> => {
  await mkdir(directory, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  if ((await readdir(directory)).length === 0) return;
  throw new JobError(
    "target-not-empty",
    `refusing to unpack into '${directory}': it is not empty`,
    "look what it is; a restore that was interrupted is ended by `restorable resume`",
  );
};
