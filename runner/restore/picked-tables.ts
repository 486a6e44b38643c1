import {
  type Artifact,
  copyRowsCommand,
  type PostgresEntry,
  type PostgresSource,
  pickedTables,
  type TableName,
} from "../../spec/index.ts";
import { loadArtifact } from "../artifact/load-artifact.ts";
import type { Context } from "../context.ts";
import { comparePicked, recordCounts } from "../postgres/compare-counts.ts";
import { dropOthers } from "../postgres/drop-others.ts";
import type { TargetFacts } from "../postgres/inspect-target.ts";
import { type ArchiveHead, listTables, type TableList } from "../postgres/list-tables.ts";
import { refuseTables } from "../postgres/refuse-table.ts";
import type { Outcome, PartRequest } from "./restore-part.ts";

type Ask = PartRequest<PostgresSource, PostgresEntry>;

/** Bytes of an archive that are kept to read its table of contents, where the archive itself has no room here. */
const HEAD = 64 * 2 ** 20;

/** @throws JobError `not-in-point`, `bad-config` */
export const inspectTables = ({ entry, old }: Ask, tables: readonly TableName[], dump: Artifact): void => {
  // Only reading it says what an old object holds.
  if (!old) refuseTables(entry, tables, dump.format === "sql");
};

/** What of an archive is restored; undefined where all is. */
export const listOf = async (
  context: Context,
  { entry, request }: Ask,
  { major }: Pick<TargetFacts, "major">,
  head: () => Promise<ArchiveHead>,
): Promise<TableList | undefined> => {
  const tables = pickedTables(request.only);
  if (!tables) return undefined;
  context.report.step("restoring", `looking for ${tables.length === 1 ? "the table" : "the tables"} in the dump`);
  return listTables(context, await head(), tables, { major, leastPgRestore: entry.leastPgRestore });
};

/** The beginning of an archive, which is read to its end all the same: so its digest is compared before it is used. */
export const headOf = async (context: Context, { artifacts }: Ask, dump: Artifact): Promise<ArchiveHead> => {
  const kept: Buffer[] = [];
  let bytes = 0;
  const output = async (stdout: NodeJS.ReadableStream) => {
    for await (const chunk of stdout as AsyncIterable<Buffer>) {
      if (bytes < HEAD) kept.push(chunk);
      bytes += chunk.length;
    }
  };
  await loadArtifact(context, artifacts, dump, [], { output });
  return { head: Buffer.concat(kept) };
};

/** Brings a restored database to the picked tables, and compares their rows with the manifest's. */
export const settleTables = async (
  context: Context,
  { source, entry, request, old }: Ask,
  database: string,
  tables: readonly TableName[],
  list: TableList | undefined,
): Promise<Outcome> => {
  const leftOut = list?.leftOut ?? (await dropOthers(context, source, database, tables));
  const largeObjects = list ? 0 : entry.largeObjects;
  const checks = old
    ? await recordCounts(context, source, database)
    : await comparePicked(context, source, database, entry, tables, largeObjects);
  return { checks, notes: notesOf(entry, request.into.database ?? database, source, tables, leftOut, largeObjects) };
};

const notesOf = (
  entry: PostgresEntry,
  database: string,
  source: PostgresSource,
  tables: readonly TableName[],
  leftOut: readonly string[],
  largeObjects: number,
): readonly string[] => [
  ...(leftOut.length === 0
    ? []
    : [`left out, because it needs tables that were not picked or is of no use here: ${leftOut.join("; ")}`]),
  ...(entry.largeObjects > largeObjects
    ? [`the dump's ${entry.largeObjects} large objects are not restored with single tables`]
    : []),
  `to add the rows to the live database: ${copyRowsCommand(tables, database, source.database)}`,
];
