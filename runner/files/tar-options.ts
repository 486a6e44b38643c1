import { OWN_PATTERNS } from "./names.ts";
import { parentsOf } from "./picked-paths.ts";

/** Everything that a file system knows about a file, except access and change times. */
const ATTRIBUTES = ["--xattrs", "--xattrs-include=*", "--acls"];

/** Patterns that follow are relative to the directory, never a part of some name further down. */
const ownExcluded = ["--anchored", ...OWN_PATTERNS.map((pattern) => `--exclude=${pattern}`)];

/**
 * Writes an archive to stdout: POSIX format, so that times have nanoseconds and names any length and bytes. Without
 * access and change times, which cannot be restored, two archives of one tree are equal, but for sparse files. It crosses into file systems
 * that are mounted below the directory: what an application sees there is its data.
 */
export const CREATE = [
  "--create",
  "--file=-",
  "--format=posix",
  "--pax-option=delete=atime,delete=ctime,exthdr.name=%d/PaxHeaders/%f",
  "--sparse",
  ...ATTRIBUTES,
  "--numeric-owner",
  "--sort=name",
  ...ownExcluded,
];

/**
 * Unpacks stdin. GNU tar makes absolute names and `..` relative and plants symbolic links that could lead outside last
 * of all, so a forged archive stays inside the directory. Owners need root; without it everything belongs to this user.
 */
export const extractOptions = (isRoot: boolean): readonly string[] => [
  "--extract",
  "--file=-",
  "--preserve-permissions",
  isRoot ? "--same-owner" : "--no-same-owner",
  "--numeric-owner",
  ...ATTRIBUTES,
  "--delay-directory-restore",
  "--warning=no-timestamp",
  ...ownExcluded,
];

/** Patterns of a plan, relative to the directory; `./a`, `a` and `a/` are the same one. */
export const excludeOptions = (patterns: readonly string[]): readonly string[] =>
  patterns.map((pattern) => `--exclude=./${pattern.replace(/^(\.?\/)+/, "").replace(/\/+$/, "")}`);

/**
 * Of an archive only some members, and the directories on the way to them without what else is in those: so their owner
 * and mode are as they were. Each name is one member exactly: neither a pattern, nor does a backslash mean anything.
 */
export const pickOptions = (paths: readonly string[]): readonly string[] => [
  "--no-wildcards",
  "--no-unquote",
  "--no-recursion",
  ...parentsOf(paths).map(memberOf),
  "--recursion",
  ...paths.map(memberOf),
];

const memberOf = (path: string): string => (path === "" ? "." : `./${path}`);
