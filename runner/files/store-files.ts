import { type FileCounts, type FilesEntry, type FilesSource, JobError } from "../../spec/index.ts";
import type { StoreStream } from "../artifact/store-stream.ts";
import type { Context } from "../context.ts";
import type { Invocation } from "../process/invocation.ts";
import { requireDirectory } from "./inspect-directory.ts";
import { measureTree, type TreeMeasure } from "./measure-tree.ts";
import { INDEX_OPTIONS, type TarIndex, tarIndex } from "./tar-index.ts";
import { explainRead, type TarMessages, tarMessages } from "./tar-messages.ts";
import { CREATE, excludeOptions } from "./tar-options.ts";

/**
 * Stores a directory as one tar stream, and says what it held. Files that change or vanish while they are read are
 * stored as far as they were there, and listed.
 * @throws JobError `missing-directory`; `empty-source` unless empty is fine; `too-few-rights` naming a file that cannot
 *   be read; what `storeStream` says
 */
export const storeFiles = async (
  context: Context,
  source: FilesSource,
  storeStream: StoreStream,
): Promise<FilesEntry> => {
  const { name, directory, allowEmpty } = source;
  await requireDirectory(directory);
  const measured = await measureTree(directory, context.signal);
  if (!allowEmpty) refuseEmpty(directory, measured);
  const [index, messages] = [tarIndex(), tarMessages()];
  const started = context.now().toISOString();
  const artifact = await storeStream({
    role: "files",
    file: `${name}.tar`,
    format: "tar",
    producers: [archive(context, source, measured, index, messages)],
    estimate: estimate(measured),
  });
  const counts = index.counts();
  // What the walk saw may be excluded, or may have gone since.
  if (!allowEmpty) refuseEmpty(directory, counts);
  const finished = context.now().toISOString();
  return { kind: "files", name, directory, started, finished, counts, changed: messages.list(), artifacts: [artifact] };
};

const archive = (
  { report }: Context,
  { directory, exclude }: FilesSource,
  measured: TreeMeasure,
  index: TarIndex,
  messages: TarMessages,
): Invocation => ({
  file: "tar",
  args: [...CREATE, ...excludeOptions(exclude), ...INDEX_OPTIONS, "--directory", directory, "."],
  // 1: something changed while it was read. tar has said what, and that goes into the manifest.
  okExits: [0, 1],
  onIndexLine: (line) => {
    index.add(line);
    report.progress("source", `reading ${directory}`, index.counts().bytes, measured.bytes);
  },
  onErrorLine: messages.add,
  explain: () => explainRead(messages, directory),
});

/** @throws JobError `empty-source` */
export const refuseEmpty = (directory: string, { files, symlinks, other }: FileCounts): void => {
  if (files + symlinks + other > 0) return;
  throw new JobError(
    "empty-source",
    `'${directory}' holds no file`,
    "look whether the right volume is mounted there; if it may be empty, say so with allowEmpty",
  );
};

/** Bytes of header, extended header and padding per member, at most, and some room for files that grow meanwhile. */
const estimate = ({ files, directories, symlinks, hardLinks, other, bytes }: TreeMeasure): number =>
  Math.ceil(bytes * 1.1) + (files + directories + symlinks + hardLinks + other) * 4_096 + 2 ** 20;
