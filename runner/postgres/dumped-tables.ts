import type { Session } from "./connect.ts";
import { quoteIdentifier } from "./identifier.ts";

/** A table whose own rows are in a dump. */
export interface DumpedTable {
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
}

/** The table alone, without what inherits from it. */
export const onlyTable = ({ schema, table }: DumpedTable): string =>
  `ONLY ${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;

/**
 * Every table that `pg_dump` writes rows of: ordinary ones and leaf partitions. Partitioned parents hold no rows,
 * foreign tables are another server's, and members of extensions are made by those.
 */
export const dumpedTables = async (session: Session): Promise<readonly DumpedTable[]> => {
  const { rows } = await session.query<DumpedTable>(`
    SELECT c.oid, n.nspname AS schema, c.relname AS table
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND c.relpersistence <> 't'
       AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                          AND d.objid = c.oid AND d.deptype = 'e')
     ORDER BY n.nspname COLLATE pg_catalog."C", c.relname COLLATE pg_catalog."C"`);
  return rows;
};
