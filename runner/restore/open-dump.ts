import { type Artifact, JobError, type PostgresEntry, type PostgresSource } from "../../spec/index.ts";
import { loadArtifact } from "../artifact/load-artifact.ts";
import type { Context } from "../context.ts";
import type { TargetFacts } from "../postgres/inspect-target.ts";
import type { TableList } from "../postgres/list-tables.ts";
import type { Archive } from "../postgres/restore-beside.ts";
import { headOf, listOf } from "./picked-tables.ts";
import type { PartRequest } from "./restore-part.ts";
import { scratchFile, writeScratch } from "./scratch.ts";

type Ask = PartRequest<PostgresSource, PostgresEntry>;

/** A dump, and the entries of it that are restored, where that are not all of them. */
export const openDump = async (
  context: Context,
  ask: Ask,
  target: TargetFacts,
): Promise<{ readonly archive: Archive; readonly list?: TableList }> => {
  const archive = await openArchive(context, ask);
  if ("script" in archive) return { archive };
  const head = async () => ("file" in archive ? archive : headOf(context, ask, artifactOf(ask.entry, "dump")));
  const list = await listOf(context, ask, target, head);
  return list ? { archive: { ...archive, list: list.list }, list } : { archive };
};

/** A scratch copy, which several jobs of pg_restore read at once, where it fits; else the stream itself. */
const openArchive = async (context: Context, ask: Ask): Promise<Archive> => {
  const dump = artifactOf(ask.entry, "dump");
  const onBytes = (bytes: number) => context.report.progress("restoring", `reading ${dump.key}`, bytes, dump.bytes);
  if (dump.format === "sql") {
    context.report.step("restoring", `running ${dump.key} as one transaction`);
    return { script: (output) => loadArtifact(context, ask.artifacts, dump, [], { output, onBytes }) };
  }
  const file = await scratchFile(ask.plan, ask.entry.databaseBytes);
  if (file === undefined) {
    context.report.step("restoring", "no room for a scratch copy: the dump is restored as it streams, with one job");
    return { stream: (consumer) => loadArtifact(context, ask.artifacts, dump, [consumer], { onBytes }) };
  }
  context.report.step("restoring", `reading and checking ${dump.key}`);
  const output = (stdout: NodeJS.ReadableStream) => writeScratch(file, stdout);
  await loadArtifact(context, ask.artifacts, dump, [], { output, onBytes });
  context.report.step("restoring", `restoring it with ${ask.source.restoreJobs} jobs`);
  return { file };
};

/** @throws JobError `corrupt` */
export const artifactOf = ({ artifacts, name }: PostgresEntry, role: Artifact["role"]): Artifact => {
  const found = artifacts.find((artifact) => artifact.role === role);
  if (found) return found;
  throw new JobError("corrupt", `the point holds no ${role} of '${name}'`, "choose another point");
};
