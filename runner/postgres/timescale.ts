import type { TableCount, Timescale } from "../../spec/index.ts";
import type { Session } from "./connect.ts";
import { quoteIdentifier } from "./identifier.ts";

/** What TimescaleDB knows of a database in one instant, before its rows are counted. */
export interface TimescaleTables extends Pick<Timescale, "license" | "continuousAggregates"> {
  readonly hypertables: readonly {
    readonly schema: string;
    readonly table: string;
    /** Keys of the tables in which its rows lie. */
    readonly chunks: readonly string[];
    /** Of rows that lie compressed in other tables, which only a query over the whole counts. */
    readonly compressed: boolean;
  }[];
}

/** Looks at a database; undefined where it has no TimescaleDB. */
export const timescaleTables = async (session: Session): Promise<TimescaleTables | undefined> => {
  const { rows: found } = await session.query<{ license: string }>(
    `SELECT pg_catalog.current_setting('timescaledb.license', true) AS license
       FROM pg_catalog.pg_extension WHERE extname = 'timescaledb'`,
  );
  if (!found[0]) return undefined;
  const { rows: hypertables } = await session.query<{ schema: string; table: string; compressed: boolean }>(
    `SELECT h.hypertable_schema::pg_catalog.text AS schema, h.hypertable_name::pg_catalog.text AS table,
            EXISTS (SELECT FROM timescaledb_information.chunks c WHERE c.is_compressed
                       AND (c.hypertable_schema, c.hypertable_name) = (h.hypertable_schema, h.hypertable_name)) AS compressed
       FROM timescaledb_information.hypertables h ORDER BY 1, 2`,
  );
  const { rows: chunks } = await session.query<{ of: string; schema: string; table: string }>(
    `SELECT pg_catalog.json_build_array(hypertable_schema, hypertable_name)::pg_catalog.text AS of,
            chunk_schema::pg_catalog.text AS schema, chunk_name::pg_catalog.text AS table
       FROM timescaledb_information.chunks`,
  );
  const { rows: continuousAggregates } = await session.query<{ schema: string; view: string }>(
    `SELECT view_schema::pg_catalog.text AS schema, view_name::pg_catalog.text AS view
       FROM timescaledb_information.continuous_aggregates ORDER BY 1, 2`,
  );
  const chunksOf = Map.groupBy(chunks, ({ of }) => JSON.stringify(JSON.parse(of)));
  return {
    license: found[0].license,
    hypertables: hypertables.map((each) => ({ ...each, chunks: (chunksOf.get(keyOf(each)) ?? []).map(keyOf) })),
    continuousAggregates,
  };
};

/** The same with rows: those of a hypertable's chunks, since the table itself has none. */
export const countTimescale = async (
  session: Session,
  { hypertables, ...rest }: TimescaleTables,
  counts: readonly TableCount[],
): Promise<Timescale> => {
  const rowsOf = new Map(counts.map((count) => [keyOf(count), count.rows]));
  const counted: Timescale["hypertables"] = [];
  for (const { schema, table, chunks, compressed } of hypertables) {
    const rows = compressed
      ? await countWhole(session, schema, table)
      : chunks.reduce((sum, chunk) => sum + (rowsOf.get(chunk) ?? 0), 0);
    counted.push({ schema, table, chunks: chunks.length, rows });
  }
  return { ...rest, hypertables: counted };
};

const countWhole = async (session: Session, schema: string, table: string): Promise<number> => {
  const name = `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
  const { rows } = await session.query<{ rows: string }>(`SELECT count(*) AS rows FROM ${name}`);
  return Number(rows[0]?.rows);
};

const keyOf = ({ schema, table }: { schema: string; table: string }): string => JSON.stringify([schema, table]);

/** Its functions live in a schema of their own since 2.11, in another before; undefined without TimescaleDB. */
const functionsSchema = async (session: Session): Promise<string | undefined> => {
  const { rows } = await session.query<{ schema: string }>(
    `SELECT n.nspname AS schema FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
      WHERE p.proname = 'start_background_workers'
        AND n.nspname IN ('_timescaledb_functions', '_timescaledb_internal')
        AND EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'timescaledb')
      ORDER BY 1`,
  );
  return rows[0]?.schema;
};

/** After a rename its scheduler does not start by itself. @returns whether there was one to start */
export const restartTimescaleWorkers = async (session: Session): Promise<boolean> => {
  const schema = await functionsSchema(session);
  if (schema === undefined) return false;
  await session.query(`SELECT ${schema}.start_background_workers()`);
  return true;
};
