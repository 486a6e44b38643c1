import type { Check, FileCounts, FilesEntry } from "../../spec/index.ts";
import { measureTree } from "./measure-tree.ts";

const NOUNS: readonly (readonly [keyof FileCounts, string])[] = [
  ["files", "files"],
  ["directories", "directories"],
  ["symlinks", "symbolic links"],
  ["hardLinks", "further hard links"],
  ["other", "devices and pipes"],
  ["bytes", "bytes"],
];

/**
 * Walks a restored tree and compares it with what should be there: one check for each kind of thing.
 * @param by who says what should be there. @default the manifest
 */
export const compareTree = async (
  directory: string,
  entry: Pick<FilesEntry, "name" | "counts">,
  signal?: AbortSignal,
  by = "the manifest",
): Promise<Check[]> => {
  const found = await measureTree(directory, signal);
  const checks = NOUNS.map(([key, noun]) => ({
    name: `${entry.name}: ${noun}`,
    ok: found[key] === entry.counts[key],
    detail:
      found[key] === entry.counts[key]
        ? `${found[key]}, as in ${by}`
        : `${found[key]} where ${by} says ${entry.counts[key]}`,
  }));
  if (found.unread === 0) return checks;
  return [...checks, { name: `${entry.name}: readable`, ok: false, detail: `${found.unread} could not be looked at` }];
};
