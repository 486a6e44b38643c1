import path from "node:path";

/** Ours at the top of a directory that is swapped from inside. */
const OWN = [".restorable-new-*", ".restorable-org-*"];

/**
 * Patterns of a plan as restic takes them: it compares whole paths, so they begin with the directory, whose own name is
 * no pattern. `./a`, `/a`, `a` and `a/` are the same one.
 */
export const excludePatterns = (directory: string, patterns: readonly string[]): readonly string[] =>
  [...OWN, ...patterns.map((pattern) => pattern.replace(/^(\.?\/)+/, "").replace(/\/+$/, ""))].map((pattern) =>
    path.posix.join(literally(directory), pattern),
  );

/** Exactly this path, to restic. */
export const literally = (name: string): string => name.replace(/[\\*?[\]]/g, "\\$&");
