import { JobError } from "../../spec/index.ts";
import { notInPoint } from "./picked-paths.ts";

/** Messages that are kept by name; more are only counted. */
const KEPT = 100;

/** What tar says on stderr while it runs. */
export interface TarMessages {
  readonly add: (line: string) => void;
  /** At most 100 lines, and one that counts the others. */
  readonly list: () => string[];
  /** The first message that holds this text, however many came after it. */
  readonly first: (pattern: RegExp) => string | undefined;
}

const FATAL =
  /cannot |no space left|wrote only|unexpected eof|does not look like|damaged|skipping to next header|not found in archive/i;
const EMPTY_WORDS = /^tar: (exiting with failure status|error is not recoverable|error exit delayed)/i;

export const tarMessages = (): TarMessages => {
  const kept: string[] = [];
  const fatal: string[] = [];
  let more = 0;
  return {
    add: (line) => {
      if (EMPTY_WORDS.test(line)) return;
      const text = line.replace(/^tar: /, "");
      if (FATAL.test(text) && fatal.length < KEPT) fatal.push(text);
      if (kept.length < KEPT) kept.push(text);
      else more += 1;
    },
    list: () => (more === 0 ? [...kept] : [...kept, `… and ${more} more`]),
    first: (pattern) => fatal.find((text) => pattern.test(text)),
  };
};

/** What stops the reading of a tree. */
export const explainRead = (messages: TarMessages, directory: string): JobError | undefined => {
  const refused = messages.first(/permission denied|operation not permitted/i);
  if (refused === undefined) return undefined;
  return new JobError(
    "too-few-rights",
    `a file of '${directory}' cannot be read: ${refused}`,
    "run as a user who may read the whole directory, or exclude the file; nothing was published",
  );
};

/** What stops the unpacking of single members. A directory on the way to a path may be what tar misses first. */
export const explainPick = (messages: TarMessages, paths: readonly string[]): JobError | undefined => {
  const missing = messages
    .first(/not found in archive/i)
    ?.replace(/: Not found in archive$/i, "")
    .replace(/^\.\//, "");
  if (missing !== undefined)
    return notInPoint(paths.find((path) => path === missing || path.startsWith(`${missing}/`)) ?? missing);
  const linked = messages.first(/cannot hard link to .*no such file/i);
  if (linked === undefined) return undefined;
  return new JobError(
    "not-in-point",
    `a path is a further name (hard link) of a file whose bytes lie under its first name: ${linked}`,
    "pick that name as well, or the directory that holds both; nothing live was touched",
  );
};

/** What stops the unpacking of a tree. */
export const explainWrite = (messages: TarMessages, directory: string): JobError | undefined => {
  const full = messages.first(/no space left|disk quota exceeded|wrote only/i);
  if (full !== undefined) {
    return new JobError(
      "no-room",
      `unpacking into '${directory}' filled its file system: ${full}`,
      "make room and ask again",
    );
  }
  const refused = messages.first(/permission denied|operation not permitted/i);
  if (refused !== undefined) {
    const hint = "run as root, or as the owner of the directory: devices, owners and some attributes need root";
    return new JobError("too-few-rights", `unpacking into '${directory}' was refused: ${refused}`, hint);
  }
  const broken = messages.first(/unexpected eof|does not look like|damaged|skipping to next header/i);
  if (broken !== undefined)
    return new JobError("corrupt", `the archive is not whole: ${broken}`, "choose another point");
  return undefined;
};
