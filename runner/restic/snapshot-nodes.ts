import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { z } from "zod";
import type { FileCounts } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { runPipeline } from "../process/pipeline.ts";
import type { ResticRepository } from "./restic-repository.ts";

/** One line of `restic ls --json` about a file, directory, link or device. */
const node = z.object({
  type: z.string(),
  path: z.string(),
  size: z.number().default(0),
  inode: z.number().default(0),
  ctime: z.string().default(""),
});

type Node = z.infer<typeof node>;

/** What a snapshot holds, and the sum of all sizes with each name of a file counted. */
export interface SnapshotCounts {
  readonly counts: FileCounts;
  readonly bytes: number;
  /** Those of `within` that are there. */
  readonly found: ReadonlySet<string>;
}

/**
 * Counts a snapshot as `measureTree` counts what restic makes of it: the second name of a file is a hard link; links of
 * other things are restored as things of their own. The listing names no device, so an inode counts as the same one
 * where its time of change, to the nanosecond, is the same.
 * @param within only these paths of the snapshot and what is below them. @default everything
 */
export const countSnapshot = async (
  context: Context,
  repository: ResticRepository,
  id: string,
  within: readonly string[] = [],
): Promise<SnapshotCounts> => {
  const counts = { files: 0, directories: 0, symlinks: 0, hardLinks: 0, other: 0, bytes: 0 };
  const seen = new Set<string>();
  const found = new Set<string>();
  let bytes = 0;
  const add = ({ type, path, size, inode, ctime }: Node) => {
    if (within.includes(path)) found.add(path);
    if (type === "socket") return;
    if (type !== "file") {
      counts[type === "dir" ? "directories" : type === "symlink" ? "symlinks" : "other"] += 1;
      return;
    }
    bytes += size;
    const same = `${inode}:${ctime}:${size}`;
    if (seen.has(same)) counts.hardLinks += 1;
    else {
      seen.add(same);
      counts.files += 1;
      counts.bytes += size;
    }
  };
  await eachNode(context, repository, within.length === 0 ? [id] : ["--recursive", id, ...within], add);
  return { counts, bytes, found };
};

/** The paths of some directories of a snapshot, and of what lies in each of them. */
export const listDirectories = async (
  context: Context,
  repository: ResticRepository,
  id: string,
  directories: readonly string[],
): Promise<readonly string[]> => {
  const paths: string[] = [];
  await eachNode(context, repository, [id, ...directories], ({ path }) => paths.push(path));
  return paths;
};

const eachNode = (
  context: Context,
  repository: ResticRepository,
  args: readonly string[],
  take: (node: Node) => void,
): Promise<unknown> => {
  const takeLine = (line: string) => {
    const parsed = JSON.parse(line);
    if (parsed.struct_type === "node" || parsed.message_type === "node") take(node.parse(parsed));
  };
  return runPipeline(context, [repository.call(["ls", "--json", "--no-lock", ...args])], {
    output: (stdout) => eachLine(stdout, takeLine),
  });
};

/** Hands on a stream line by line. */
export const eachLine = async (stream: Readable, take: (line: string) => void): Promise<void> => {
  for await (const line of createInterface({ input: stream })) if (line !== "") take(line);
};
