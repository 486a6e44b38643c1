import {
  forShell,
  JobError,
  type PostgresEntry,
  sqlTableName,
  type TableCount,
  type TableName,
} from "../../spec/index.ts";
import { nearest } from "../world/nearest.ts";

/** Names that a hint lists. */
const LISTED = 8;

/** What a restore says of a table that a point does not hold. */
export const noSuchTable = (wanted: TableName, known: readonly TableCount[]): JobError => {
  const near = nearest(`${wanted.schema}.${wanted.table}`, known.map(textOf), LISTED);
  const hint = near.length === 0 ? "" : `it holds ${near.map((name) => JSON.stringify(name)).join(", ")}; `;
  return new JobError(
    "not-in-point",
    `the point holds no table ${sqlTableName(wanted)} with rows of its own`,
    `${hint}capital letters count, a schema other than public has to be named, and of a partitioned table its partitions are named. Nothing live was touched`,
  );
};

const textOf = ({ schema, table }: TableName): string => `${schema}.${table}`;

/** Its rows lie in chunks, which a dump holds as tables of their own that only TimescaleDB's catalog leads to. */
export const refuseHypertable = (table: TableName): JobError => {
  const name = sqlTableName(table);
  return new JobError(
    "bad-config",
    `${name} belongs to TimescaleDB: its rows lie in chunks, which cannot be restored one by one`,
    `restore the whole database into a new one, without \`only\`, and copy the rows: psql --dbname=NEW --command=${forShell(`\\copy (SELECT * FROM ${name}) TO STDOUT`)} | psql --dbname=LIVE --command=${forShell(`\\copy ${name} FROM STDIN`)}`,
  );
};

/**
 * What can be refused from the manifest alone.
 * @throws JobError `not-in-point`, `bad-config`
 */
export const refuseTables = (
  { counts, timescale, extensions }: PostgresEntry,
  tables: readonly TableName[],
  isScript: boolean,
): void => {
  const isAmong = (names: readonly TableName[], { schema, table }: TableName) =>
    names.some((each) => each.schema === schema && each.table === table);
  const hasTimescale = extensions.some(({ name }) => name === "timescaledb");
  for (const table of tables) {
    const isTheirs = isAmong(timescale?.hypertables ?? [], table) || table.schema.startsWith("_timescaledb_");
    if (hasTimescale && (isTheirs || isScript)) throw refuseHypertable(table);
    if (!isAmong(counts, table)) throw noSuchTable(table, counts);
  }
};
