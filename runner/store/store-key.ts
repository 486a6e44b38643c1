import { JobError } from "../../spec/index.ts";

/** Names that begin so are a directory store's own: half-written files and generations. */
export const RESERVED = ".restorable-";

/**
 * Checks a relative key before it becomes a path or an object. What comes from a manifest was written by somebody
 * else, so `..` in it must never lead out of the prefix.
 * @throws JobError `corrupt`
 */
export const checkedKey = (key: string): string => {
  const segments = key.split("/");
  const bad = segments.some(
    (segment) => segment === "" || segment === "." || segment === ".." || segment.startsWith(RESERVED),
  );
  if (!bad && !key.includes("\0")) return key;
  throw new JobError(
    "corrupt",
    `${JSON.stringify(key)} is not a key of a repository`,
    "keys have neither empty parts nor '..'; whoever wrote this one did not follow the layout, so do not trust it",
  );
};

/**
 * The same for what is only read from a bucket: Chipster's file-storage puts an absolute path after the name of its
 * archive, and so writes keys with two slashes, which a bucket keeps.
 * @throws JobError `corrupt`
 */
export const readableKey = (key: string): string => {
  checkedKey(key.replace(/\/{2,}/g, "/"));
  return key;
};
