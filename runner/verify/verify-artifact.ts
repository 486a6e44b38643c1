import { type Artifact, type Entry, type FilesEntry, JobError } from "../../spec/index.ts";
import { type ArtifactSource, loadArtifact } from "../artifact/load-artifact.ts";
import type { Context } from "../context.ts";
import { listArchive } from "../files/list-archive.ts";
import { pgRestoreToNowhere } from "../postgres/clients.ts";

/**
 * Reads one artifact to its last byte: digest and length; with the identity also through decryption and decompression,
 * a dump through the whole of `pg_restore` (its table of contents alone passes for a truncated archive), a tree
 * through `tar` with every member counted.
 * @returns one sentence about what was read
 */
export const verifyArtifact = async (
  context: Context,
  source: ArtifactSource,
  entry: Entry,
  artifact: Artifact,
): Promise<string> => {
  const onBytes = (bytes: number) =>
    context.report.progress("verify", `reading ${artifact.key}`, bytes, artifact.bytes);
  if (source.identity === undefined) {
    await loadArtifact(context, source, artifact, [], { onBytes });
    return `${artifact.bytes} bytes read, SHA-256 as in the manifest; not decrypted, because no key was given`;
  }
  switch (artifact.role) {
    case "dump":
      await loadArtifact(
        context,
        source,
        artifact,
        [await pgRestoreToNowhere(context, entry.kind === "postgres" ? entry.leastPgRestore : 0)],
        { onBytes },
      );
      return `${artifact.bytes} bytes read, decrypted, decompressed and read through pg_restore to the end`;
    case "globals":
      await loadArtifact(context, source, artifact, [], { onBytes });
      return `${artifact.bytes} bytes read, decrypted and decompressed`;
    case "files":
      return verifyTree(context, source, entry as FilesEntry, artifact, onBytes);
  }
};

const verifyTree = async (
  context: Context,
  source: ArtifactSource,
  entry: FilesEntry,
  artifact: Artifact,
  onBytes: (bytes: number) => void,
): Promise<string> => {
  const listing = listArchive();
  await loadArtifact(context, source, artifact, [listing.invocation], { onBytes });
  const found = listing.counts();
  if (found.files !== entry.counts.files || found.bytes !== entry.counts.bytes) {
    throw new JobError(
      "counts-differ",
      `${artifact.key} holds ${found.files} files of ${found.bytes} bytes where the manifest says ${entry.counts.files} of ${entry.counts.bytes}`,
      "choose another point",
    );
  }
  return `${artifact.bytes} bytes read and unpacked to nowhere: ${found.files} files of ${found.bytes} bytes, as in the manifest`;
};
