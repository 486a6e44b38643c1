import { mkdir } from "node:fs/promises";
import { JobError } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { runPipeline } from "../process/pipeline.ts";
import { isBesideName, isSupersededName, type SwapNames } from "./names.ts";

/**
 * Removes the copy beside, with all that is in it. Nothing happens where there is none.
 * @throws JobError `bug` for a name that we would not have given it: nothing else is ever removed
 */
export const removeBeside = (context: Context, { live, beside }: SwapNames): Promise<void> => {
  if (!isBesideName(live, beside)) throw notOurs(beside);
  return removeTree(context, beside);
};

/** Removes what a restore superseded. The same rules. */
export const removeSuperseded = (context: Context, { live, superseded }: SwapNames): Promise<void> => {
  if (!isSupersededName(live, superseded)) throw notOurs(superseded);
  return removeTree(context, superseded);
};

/**
 * For a restore over the live data: removes what is in a directory and leaves the directory, which is made where it is
 * missing. What earlier restores superseded inside it stays.
 */
export const emptyDirectory = async (context: Context, directory: string): Promise<void> => {
  await mkdir(directory, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  await openUp(context, directory);
  const children = [
    "-mindepth",
    "1",
    "-maxdepth",
    "1",
    "!",
    "-name",
    ".restorable-new-*",
    "!",
    "-name",
    ".restorable-org-*",
  ];
  await runPipeline(context, [{ file: "find", args: [directory, ...children, "-exec", "rm", ...REMOVE, "{}", "+"] }]);
};

const REMOVE = ["--recursive", "--force", "--one-file-system", "--"];

/** By `rm`: it neither follows links, nor leaves the file system, nor minds deep trees and names that are no text. */
const removeTree = async (context: Context, directory: string): Promise<void> => {
  await openUp(context, directory);
  await runPipeline(context, [{ file: "rm", args: [...REMOVE, directory] }]);
};

/** Without root, a directory that its owner may not write keeps what is in it. Files are left alone: they may have other names. */
const openUp = async (context: Context, directory: string): Promise<void> => {
  if (process.geteuid?.() === 0) return;
  const closed = ["-xdev", "-type", "d", "!", "-perm", "-700", "-exec", "chmod", "u+rwx", "{}", ";"];
  await runPipeline(context, [{ file: "find", args: [directory, ...closed], okExits: [0, 1] }]);
};

const notOurs = (directory: string): JobError =>
  new JobError(
    "bug",
    `refusing to remove '${directory}': no restore gave it that name`,
    "remove it by hand if it may go",
  );
