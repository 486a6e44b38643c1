import type { FileCounts } from "../../spec/index.ts";

/** Options that make tar write one line per member, with every byte of a name escaped, to file descriptor 3. */
export const INDEX_OPTIONS = [
  "--index-file=/dev/fd/3",
  "-vv",
  "--full-time",
  "--numeric-owner",
  "--quoting-style=escape",
];

/** Type, permissions, owner/group, size or device numbers, date, time, name. */
const LINE = /^([a-zA-Z-])[a-zA-Z-]{9}[.+*@]?\s+\d+\/\d+\s+(\d+)(?:,\d+)?\s+\S+\s+\S+\s+(.+)$/;

/** Written for a directory that the archive does not hold itself. */
const MADE = /^d\S+\s+Creating directory: /;

/** Adds up what tar lists. */
export interface TarIndex {
  /**
   * Takes one line.
   * @throws Error for a line that tar does not write: then nothing can be said about the archive
   */
  readonly add: (line: string) => void;
  readonly counts: () => FileCounts;
}

/** One thing in a tar, as a line of its index says it; undefined for a line that tar does not write. */
export const memberOf = (
  line: string,
): { readonly type: string; readonly bytes: number; readonly name: string } | undefined => {
  const [, type, size, name] = LINE.exec(line) ?? [];
  return type === undefined || name === undefined
    ? undefined
    : { type: type === "C" ? "-" : type, bytes: Number(size), name };
};

export const tarIndex = (): TarIndex => {
  const total = { files: 0, directories: 0, symlinks: 0, hardLinks: 0, other: 0, bytes: 0 };
  return {
    add: (line) => {
      if (MADE.test(line)) return;
      const member = memberOf(line);
      if (!member) throw new Error(`not a line of tar's index: ${line}`);
      const kind = kindOf(member.type);
      total[kind] += 1;
      if (kind === "files") total.bytes += member.bytes;
    },
    counts: () => ({ ...total }),
  };
};

const kindOf = (type: string): Exclude<keyof FileCounts, "bytes"> => {
  switch (type) {
    case "-":
      return "files";
    case "d":
      return "directories";
    case "l":
      return "symlinks";
    case "h":
      return "hardLinks";
    default:
      return "other";
  }
};
