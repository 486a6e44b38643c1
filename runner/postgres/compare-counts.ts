import type { Check, PostgresEntry, PostgresSource, TableName } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { adminOf, withSession } from "./connect.ts";
import { countLargeObjects, countRows, sumRows } from "./count-rows.ts";
import { dumpedTables } from "./dumped-tables.ts";
import { judgeTimescale, recordTimescale } from "./judge-timescale.ts";
import { countTimescale, timescaleTables } from "./timescale.ts";

type Counts = Pick<PostgresEntry, "counts" | "rows" | "largeObjects" | "timescale">;

/** Counts a restored database in the same way as the dump was counted, and says where it differs from the manifest. */
export const compareCounts = async (
  context: Context,
  source: PostgresSource,
  database: string,
  expected: Counts,
): Promise<readonly Check[]> => {
  return judgeCounts(database, expected, await countAll(context, source, database));
};

/** The same for some of its tables; the others must be empty. */
export const comparePicked = async (
  context: Context,
  source: PostgresSource,
  database: string,
  { counts }: Pick<PostgresEntry, "counts">,
  tables: readonly TableName[],
  largeObjects: number,
): Promise<readonly Check[]> => {
  const wanted = new Set(tables.map(keyOf));
  const expected = counts.filter((count) => wanted.has(keyOf(count)));
  const { timescale: _, ...found } = await countAll(context, source, database);
  const filled = found.counts.filter((count) => count.rows > 0 || wanted.has(keyOf(count)));
  return judgeCounts(
    database,
    { counts: expected, rows: sumRows(expected), largeObjects },
    { ...found, counts: filled },
  );
};

/** Counts a restored database where nothing says what it should hold. */
export const recordCounts = async (
  context: Context,
  source: PostgresSource,
  database: string,
): Promise<readonly Check[]> => {
  const { rows, counts, timescale } = await countAll(context, source, database);
  const detail = `${rows} rows in ${counts.length} tables; not compared: the old format has no manifest`;
  return [{ name: `rows of '${database}'`, ok: true, detail }, ...recordTimescale(database, timescale)];
};

const countAll = (context: Context, source: PostgresSource, database: string): Promise<Counts> =>
  withSession(context, source, adminOf(source), database, async (session): Promise<Counts> => {
    await session.query("SET row_security = off");
    const counts = await countRows(session, await dumpedTables(session));
    const tables = await timescaleTables(session);
    return {
      counts: [...counts],
      rows: sumRows(counts),
      largeObjects: await countLargeObjects(session),
      ...(tables ? { timescale: await countTimescale(session, tables, counts) } : {}),
    };
  });

/** One check for all tables together, one for large objects, and one for each table that differs. Pure. */
export const judgeCounts = (database: string, expected: Counts, found: Counts): readonly Check[] => {
  const restored = new Map(found.counts.map((count) => [keyOf(count), count]));
  const wanted = new Set(expected.counts.map(keyOf));
  const different = [
    ...expected.counts.flatMap((count) => {
      const rows = restored.get(keyOf(count))?.rows;
      return rows === count.rows
        ? []
        : [difference(count, rows === undefined ? "no such table" : `${rows} rows`, `${count.rows}`)];
    }),
    ...found.counts
      .filter((count) => !wanted.has(keyOf(count)))
      .map((count) => difference(count, `${count.rows} rows`, "no such table")),
  ];
  return [
    {
      name: `rows of '${database}'`,
      ok: different.length === 0 && expected.rows === found.rows,
      detail: `${found.rows} rows in ${found.counts.length} tables; the manifest says ${expected.rows} in ${expected.counts.length}`,
    },
    ...(expected.largeObjects === 0 && found.largeObjects === 0
      ? []
      : [
          {
            name: `large objects of '${database}'`,
            ok: expected.largeObjects === found.largeObjects,
            detail: `${found.largeObjects}; the manifest says ${expected.largeObjects}`,
          },
        ]),
    ...judgeTimescale(database, expected.timescale, found.timescale),
    ...different,
  ];
};

const keyOf = ({ schema, table }: { schema: string; table: string }): string => JSON.stringify([schema, table]);

const difference = ({ schema, table }: { schema: string; table: string }, found: string, wanted: string): Check => ({
  name: `rows of ${schema}.${table}`,
  ok: false,
  detail: `${found}; the manifest says ${wanted}`,
});
