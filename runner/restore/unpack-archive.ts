import { type Artifact, type FilesEntry, JobError } from "../../spec/index.ts";
import { loadArtifact } from "../artifact/load-artifact.ts";
import type { Context } from "../context.ts";
import type { Extraction } from "../files/extract-beside.ts";
import type { PartRequest } from "./restore-part.ts";

/** Reads a source's archive to its end, and unpacks of it what the extraction takes. @throws JobError as `loadArtifact` */
export const unpackArchive = async (
  context: Context,
  { entry, artifacts }: Pick<PartRequest, "artifacts"> & { readonly entry: FilesEntry },
  extraction: Extraction,
): Promise<void> => {
  const archive = archiveOf(entry);
  const onBytes = (bytes: number) =>
    context.report.progress("restoring", `unpacking ${archive.key}`, bytes, archive.bytes);
  await loadArtifact(context, artifacts, archive, [extraction.invocation], { onBytes });
};

export const archiveOf = ({ artifacts, name }: FilesEntry): Artifact => {
  const found = artifacts.find(({ role }) => role === "files");
  if (found) return found;
  throw new JobError("corrupt", `the point holds no files of '${name}'`, "choose another point");
};
