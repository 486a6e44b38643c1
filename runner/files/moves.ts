import { lstat } from "node:fs/promises";
import path from "node:path";
import { JobError } from "../../spec/index.ts";
import { isThere } from "./file-system.ts";
import type { FilesPart } from "./names.ts";
import { ancestorsOf } from "./picked-paths.ts";

/** What changes places in a live directory. */
export type Move = NonNullable<FilesPart["moves"]>[number];

/**
 * Looks at a live directory and says what will change places so that these paths come back: each path itself, or the
 * outermost directory on the way to it that is missing.
 * @throws JobError `missing-directory`, `cannot-swap`
 */
export const movesFor = async (live: string, paths: readonly string[]): Promise<readonly Move[]> => {
  if (!(await isThere(live))) {
    throw new JobError(
      "missing-directory",
      `'${live}' does not exist, so no path can be put back into it`,
      "restore the whole source, or say `directory` or `volume` to take the paths elsewhere; nothing was touched",
    );
  }
  const moves = new Map<string, Move>();
  for (const wanted of paths) {
    const missing = await missingAncestor(live, wanted);
    const moved = missing ?? wanted;
    moves.set(moved, {
      path: moved,
      existed: missing === undefined && (await isThere(path.join(live, moved))),
      comes: true,
    });
  }
  return [...moves.values()];
};

/** @throws JobError `cannot-swap` where the way to the path is no longer one of directories */
export const requireWay = async (live: string, wanted: string): Promise<void> => {
  const missing = await missingAncestor(live, wanted);
  if (missing === undefined) return;
  throw new JobError(
    "cannot-swap",
    `'${missing}' in '${live}' is gone, which was there when the restore began`,
    "ask again under a new id",
  );
};

/** Nothing is ever renamed through a link: it may lead anywhere. */
const missingAncestor = async (live: string, wanted: string): Promise<string | undefined> => {
  for (const ancestor of ancestorsOf(wanted)) {
    const found = await lstat(path.join(live, ancestor)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
    if (found === undefined) return ancestor;
    if (found.isDirectory()) continue;
    const what = found.isSymbolicLink() ? "a symbolic link" : "no directory";
    throw new JobError(
      "cannot-swap",
      `'${ancestor}' on the way to '${wanted}' is ${what} in '${live}' now`,
      "say `directory` or `volume` to take the path elsewhere, and put it where it belongs yourself; nothing was touched",
    );
  }
  return undefined;
};
