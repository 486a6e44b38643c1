import type { FileCounts } from "../../spec/index.ts";
import type { Invocation } from "../process/invocation.ts";
import { INDEX_OPTIONS, tarIndex } from "./tar-index.ts";

/** Reads a tar stream to its end without unpacking it, and counts its members. */
export const listArchive = (): { readonly invocation: Invocation; readonly counts: () => FileCounts } => {
  const index = tarIndex();
  return {
    invocation: { file: "tar", args: ["--list", "--file=-", ...INDEX_OPTIONS], onIndexLine: index.add },
    counts: index.counts,
  };
};
