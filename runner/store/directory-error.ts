import { type ErrorCode, JobError } from "../../spec/index.ts";

type Entry = readonly [code: ErrorCode, hint: string];

const ROOM: Entry = ["no-room", "free space there or raise the quota, and run again"];
const RIGHTS: Entry = ["too-few-rights", "give the user of this job the right to do it, and run again"];
const LINKS: Entry = [
  "store-lacks",
  "this file system has no hard links, which conditional writes need; use another one",
];

const BY_CODE: Readonly<Record<string, Entry>> = {
  ENOSPC: ROOM,
  EDQUOT: ROOM,
  EFBIG: ROOM,
  EACCES: RIGHTS,
  EROFS: RIGHTS,
  ENOTSUP: LINKS,
  EOPNOTSUPP: LINKS,
  ENOTDIR: ["missing-directory", "a file is where a directory should be; correct the repository's path"],
  ENAMETOOLONG: ["corrupt", "a key's parts have at most 255 bytes"],
  EIO: ["corrupt", "the disk cannot read or write it: look at the kernel's log"],
};

export const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === "ENOENT";
export const isTaken = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === "EEXIST";

/** Turns what a file operation threw into an error for a person; a JobError stays as it is. */
export const directoryError = (error: unknown, what: string, store: string): JobError => {
  if (error instanceof JobError) return error;
  const { code = "", syscall, message } = error as NodeJS.ErrnoException;
  // Linux says EPERM both to a link on a file system that has none and to a missing right.
  const entry = code === "EPERM" ? (syscall === "link" ? LINKS : RIGHTS) : BY_CODE[code];
  const [kind, hint] = entry ?? [
    "store-unreachable",
    "see whether the directory is mounted and answers, and run again",
  ];
  return new JobError(kind, `${what} in ${store} failed: ${message}`, hint, { cause: error });
};

export const preconditionFailed = (key: string, store: string): JobError =>
  new JobError(
    "precondition-failed",
    `${key} in ${store} is not as it was expected`,
    "somebody else wrote it first; read it again and decide anew",
  );
