import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { JobError, sqlTableName, type TableName } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { runPipeline } from "../process/pipeline.ts";
import { type ArchiveEntry, parseContents } from "./archive-contents.ts";
import { restoreProgram } from "./clients.ts";
import { pickEntries } from "./pick-entries.ts";
import { noSuchTable, refuseHypertable } from "./refuse-table.ts";

/** Where an archive's table of contents is read: the archive itself, or as much of its beginning as holds that. */
export type ArchiveHead = { readonly file: string } | { readonly head: Buffer };

export interface TableList {
  /** For `pg_restore --use-list`. */
  readonly list: string;
  /** For people. */
  readonly leftOut: readonly string[];
}

/**
 * Says what of an archive restores some tables.
 * @throws JobError `not-in-point`; `bad-config` for a hypertable; as `restoreProgram`
 */
export const listTables = async (
  context: Context,
  archive: ArchiveHead,
  tables: readonly TableName[],
  { major, leastPgRestore }: { readonly major: number; readonly leastPgRestore: number },
): Promise<TableList> => {
  const { file } = await restoreProgram(context, major, leastPgRestore);
  const contents = await readContents(context, file, archive, ["--verbose"]);
  const ids: number[] = [];
  for (const { schema, table } of tables) {
    // pg_restore compares names as they are; in its listing a name with a blank or a line break could be another one's.
    const named = await readContents(context, file, archive, [`--schema=${schema}`, `--table=${table}`]);
    const found = named.find(({ kind }) => kind === "TABLE");
    if (!found) throw noSuchTable({ schema, table }, []);
    ids.push(found.id);
  }
  const picked = pickEntries(contents, ids);
  const [first] = tables;
  if (first && picked.extensions.includes("timescaledb")) throw refuseHypertable(first);
  refuseRowless(contents, tables, ids, picked.ids);
  return { list: picked.ids.map((id) => `${id};\n`).join(""), leftOut: picked.leftOut.map((entry) => entry.text) };
};

/** A partitioned table holds no rows of its own; only what says so is in the archive. */
const refuseRowless = (
  contents: readonly ArchiveEntry[],
  tables: readonly TableName[],
  ids: readonly number[],
  taken: readonly number[],
): void => {
  const filled = new Set(
    contents.flatMap(({ id, kind, needs }) => (kind === "TABLE DATA" && taken.includes(id) ? needs : [])),
  );
  const empty = tables.find((_, index) => !filled.has(ids[index] as number));
  if (!empty) return;
  throw new JobError(
    "not-in-point",
    `the dump holds no rows of ${sqlTableName(empty)}: it is partitioned, or was dumped without them`,
    "name its partitions instead, or restore the whole database into a new one",
  );
};

const readContents = async (
  context: Context,
  program: string,
  archive: ArchiveHead,
  options: readonly string[],
): Promise<readonly ArchiveEntry[]> => {
  let listing = "";
  const args = ["--list", ...options, ...("file" in archive ? [archive.file] : [])];
  await runPipeline(context, [{ file: program, args }], {
    ...("head" in archive ? { input: Readable.from([archive.head]) } : {}),
    output: async (stdout) => {
      listing = await text(stdout);
    },
  });
  return parseContents(listing);
};
