import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  type Artifact,
  type Entry,
  type FileCounts,
  type FilesEntry,
  JobError,
  type ObjectsEntry,
  type PostgresEntry,
} from "../../spec/index.ts";
import { type ArtifactSource, loadArtifact, type OpenedSource } from "../artifact/load-artifact.ts";
import type { Context } from "../context.ts";
import { listArchive } from "../files/list-archive.ts";
import { eachIndexed } from "../objects/read-index.ts";
import { isChipsterInfo, verifyChipsterTree } from "../old/chipster-tree.ts";
import { pgRestoreToNowhere } from "../postgres/clients.ts";
import { checkedScript } from "../sql/checked-script.ts";

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
  if (source.identity === undefined && artifact.encryption === "age") {
    await loadArtifact(context, source, artifact, [], { onBytes });
    return `${artifact.bytes} bytes read, SHA-256 as in the manifest; not decrypted, because no key was given`;
  }
  switch (artifact.role) {
    case "dump":
      if (artifact.format === "sql") return verifyScript(context, source, entry as PostgresEntry, artifact, onBytes);
      await loadArtifact(
        context,
        source,
        artifact,
        [await pgRestoreToNowhere(context, entry.kind === "postgres" ? entry.leastPgRestore : 0)],
        { onBytes },
      );
      return `${artifact.bytes} bytes read, decrypted, decompressed and read through pg_restore to the end`;
    case "globals":
    case "password":
      await loadArtifact(context, source, artifact, [], { onBytes });
      return `${artifact.bytes} bytes read, decrypted and decompressed`;
    case "index":
      return verifyIndex(context, source as OpenedSource, entry as ObjectsEntry);
    case "files":
      if (isChipsterInfo(artifact)) return verifyChipsterTree(context, source, artifact);
      return verifyTree(context, source, entry as FilesEntry, artifact, onBytes);
  }
};

const verifyIndex = async (context: Context, source: OpenedSource, entry: ObjectsEntry): Promise<string> => {
  await eachIndexed(context, source, entry, async () => undefined);
  return `the index decrypted and read to its end: ${entry.counts.objects} objects, as in the manifest`;
};

/** Every statement, its last line, and the rows of every table. */
const verifyScript = async (
  context: Context,
  source: ArtifactSource,
  { counts, server }: PostgresEntry,
  artifact: Artifact,
  onBytes: (bytes: number) => void,
): Promise<string> => {
  const checked = checkedScript({ major: server.major, superuser: true });
  const output = async (stdout: Readable) => {
    await pipeline(stdout, checked.stream, async (script) => {
      for await (const _ of script);
    });
  };
  await loadArtifact(context, source, artifact, [], { output, onBytes });
  const found = new Map(checked.counts().map(({ schema, table, rows }) => [JSON.stringify([schema, table]), rows]));
  const differing = counts.filter(({ schema, table, rows }) => found.get(JSON.stringify([schema, table])) !== rows);
  if (differing.length > 0) {
    const facts = differing.map(
      ({ schema, table, rows }) =>
        `${found.get(JSON.stringify([schema, table])) ?? 0} rows of ${schema}.${table} where the manifest says ${rows}`,
    );
    throw new JobError("counts-differ", `${artifact.key} holds ${facts.join(", ")}`, "choose another point");
  }
  return `${artifact.bytes} bytes read to the last line of the script: ${counts.length} tables with as many rows as in the manifest`;
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
  const differing = Object.entries(entry.counts).filter(([what, count]) => found[what as keyof FileCounts] !== count);
  if (differing.length > 0) {
    const facts = differing.map(
      ([what, count]) =>
        `${found[what as keyof FileCounts]} ${NOUN[what as keyof FileCounts]} where the manifest says ${count}`,
    );
    throw new JobError("counts-differ", `${artifact.key} holds ${facts.join(", ")}`, "choose another point");
  }
  return `${artifact.bytes} bytes read and unpacked to nowhere: ${found.files} files of ${found.bytes} bytes, as in the manifest`;
};

/** An archive that was cut between two members is a sound one: only their numbers tell. */
const NOUN: Readonly<Record<keyof FileCounts, string>> = {
  files: "files",
  directories: "directories",
  symlinks: "symbolic links",
  hardLinks: "further hard links",
  other: "devices and pipes",
  bytes: "bytes",
};
