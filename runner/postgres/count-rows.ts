import type { TableCount } from "../../spec/index.ts";
import type { Session } from "./connect.ts";
import { type DumpedTable, onlyTable } from "./dumped-tables.ts";

/** Counts each table's own rows, in whatever snapshot the session has. */
export const countRows = async (session: Session, tables: readonly DumpedTable[]): Promise<readonly TableCount[]> => {
  const counts: TableCount[] = [];
  for (const table of tables) {
    const { rows } = await session.query<{ rows: string }>(`SELECT count(*) AS rows FROM ${onlyTable(table)}`);
    counts.push({ schema: table.schema, table: table.table, rows: Number(rows[0]?.rows) });
  }
  return counts;
};

/** Whether any of the tables has a row, without counting. */
export const hasRows = async (session: Session, tables: readonly DumpedTable[]): Promise<boolean> => {
  for (const table of tables) {
    const { rows } = await session.query<{ some: boolean }>(`SELECT EXISTS (SELECT FROM ${onlyTable(table)}) AS some`);
    if (rows[0]?.some) return true;
  }
  return false;
};

export const countLargeObjects = async (session: Session): Promise<number> => {
  const { rows } = await session.query<{ count: string }>("SELECT count(*) FROM pg_catalog.pg_largeobject_metadata");
  return Number(rows[0]?.count);
};

export const sumRows = (counts: readonly TableCount[]): number => counts.reduce((sum, { rows }) => sum + rows, 0);
