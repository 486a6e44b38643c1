import { JobError } from "../../spec/index.ts";
import { nearest } from "../world/nearest.ts";

/** The paths without repetitions and without those that lie in another one of them; in order. */
export const outermost = (paths: readonly string[]): readonly string[] => {
  const kept = new Set<string>();
  for (const path of paths.toSorted((a, b) => a.length - b.length))
    if (!ancestorsOf(path).some((ancestor) => kept.has(ancestor))) kept.add(path);
  return [...kept].sort();
};

/** The directories on the way to a path, the outermost first; not the root. */
export const ancestorsOf = (path: string): readonly string[] => {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
};

/** The directories on the way to any of the paths, the root (`""`) first. */
export const parentsOf = (paths: readonly string[]): readonly string[] => [
  "",
  ...new Set(paths.flatMap(ancestorsOf).sort()),
];

/** Names that a hint lists. */
const LISTED = 8;

/** What a restore says of a path that a point does not hold. `siblings`: what lies in `directory`, where that is known. */
export const notInPoint = (
  path: string,
  { directory, siblings }: { readonly directory?: string; readonly siblings?: readonly string[] } = {},
): JobError =>
  new JobError(
    "not-in-point",
    `the point holds nothing under the path '${path}'`,
    `${siblings === undefined ? "" : `${directory === "" ? "the source's directory" : `'${directory}'`} holds ${siblingsText(path, directory ?? "", siblings)}; `}paths are relative to the source's directory, and every character of them counts. Nothing live was touched`,
  );

const siblingsText = (path: string, directory: string, siblings: readonly string[]): string => {
  const [wanted = ""] = (directory === "" ? path : path.slice(directory.length + 1)).split("/");
  const near = nearest(wanted, siblings, LISTED);
  const shown = near.length > 0 ? near : siblings.slice(0, LISTED);
  const rest = siblings.length - shown.length;
  if (siblings.length === 0) return "nothing";
  return `${shown.map((name) => JSON.stringify(name)).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
};
