import { JobError, type PostgresEntry } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import type { Session } from "./connect.ts";
import { type DumpedTable, dumpedTables } from "./dumped-tables.ts";
import { placeOf } from "./sql-error.ts";
import { type TimescaleTables, timescaleTables } from "./timescale.ts";

/** One instant of a database, held open for `pg_dump` and for counts. */
export interface Snapshot {
  readonly id: string;
  readonly tables: readonly DumpedTable[];
  readonly timescale: TimescaleTables | undefined;
  readonly facts: Pick<PostgresEntry, "server" | "extensions" | "encoding" | "settings" | "snapshot" | "databaseBytes">;
}

/** Settings of the server that change what a dump means or what a restore needs. */
const SETTINGS = ["shared_preload_libraries", "default_text_search_config", "max_locks_per_transaction", "TimeZone"];

/**
 * Begins the transaction whose snapshot everything of one backup sees. It lives as long as the session's transaction.
 * @throws JobError `too-few-rights` where rows would be left out or refused
 */
export const openSnapshot = async (context: Context, session: Session): Promise<Snapshot> => {
  await session.query("SET row_security = off"); // rather an error than half of the rows
  await session.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  const exported = await one<{ id: string; lsn: string }>(
    session,
    `SELECT pg_catalog.pg_export_snapshot() AS id,
            CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                 ELSE pg_catalog.pg_current_wal_lsn() END AS lsn`,
  );
  const at = context.now().toISOString();
  const tables = await dumpedTables(session);
  await refuseUnreadable(session, tables);
  return {
    id: exported.id,
    tables,
    timescale: await timescaleTables(session),
    facts: { ...(await databaseFacts(session)), snapshot: { at, lsn: exported.lsn } },
  };
};

const databaseFacts = async (session: Session): Promise<Omit<Snapshot["facts"], "snapshot">> => {
  const database = await one<{ encoding: string; bytes: string }>(
    session,
    `SELECT pg_catalog.pg_encoding_to_char(encoding) AS encoding, pg_catalog.pg_database_size(oid) AS bytes
       FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()`,
  );
  const { rows: extensions } = await session.query<PostgresEntry["extensions"][number]>(
    `SELECT e.extname AS name, e.extversion AS version, n.nspname AS schema
       FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace ORDER BY 1`,
  );
  const { rows: settings } = await session.query<{ name: string; setting: string }>(
    `SELECT name, setting FROM pg_catalog.pg_settings
      WHERE name = ANY ($1) OR (name LIKE 'timescaledb.%' AND source <> 'default') ORDER BY 1`,
    [SETTINGS],
  );
  return {
    server: await serverOf(session),
    extensions,
    encoding: database.encoding,
    settings: Object.fromEntries(settings.map(({ name, setting }) => [name, setting])),
    databaseBytes: Number(database.bytes),
  };
};

/** The server's version, and which cluster it is where this role may ask. */
export const serverOf = async (session: Session): Promise<PostgresEntry["server"]> => {
  const { version, number, permitted } = await one<{ version: string; number: number; permitted: boolean }>(
    session,
    `SELECT pg_catalog.current_setting('server_version') AS version,
            pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS number,
            pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS permitted`,
  );
  const major = Math.floor(number / 10_000);
  if (!permitted) return { version, major };
  const { id } = await one<{ id: string }>(
    session,
    "SELECT system_identifier AS id FROM pg_catalog.pg_control_system()",
  );
  return { version, major, systemIdentifier: id };
};

/** The one row of a query that always has one. */
export const one = async <Row extends object>(session: Session, sql: string, values: unknown[] = []): Promise<Row> => {
  const { rows } = await session.query<Row>(sql, values);
  if (!rows[0]) throw new Error(`no row from: ${sql}`);
  return rows[0];
};

/** Refused before the first byte, so that nothing half done exists. */
const refuseUnreadable = async (session: Session, tables: readonly DumpedTable[]): Promise<void> => {
  const { rows } = await session.query<{ name: string; hidden: boolean }>(
    `SELECT c.oid::pg_catalog.regclass::pg_catalog.text AS name, pg_catalog.row_security_active(c.oid) AS hidden
       FROM pg_catalog.pg_class c
      WHERE c.oid = ANY ($1) AND (pg_catalog.row_security_active(c.oid)
         OR NOT pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE')
         OR NOT pg_catalog.has_table_privilege(c.oid, 'SELECT'))
      ORDER BY 1`,
    [tables.map(({ oid }) => oid)],
  );
  if (rows.length === 0) return;
  const names = (hidden: boolean) => rows.filter((row) => row.hidden === hidden).map(({ name }) => name);
  const [filtered, closed] = [names(true), names(false)];
  const user = session.where.user;
  throw new JobError(
    "too-few-rights",
    [
      `cannot read everything in ${placeOf(session.where)}:`,
      ...(closed.length > 0 ? [`permission denied for ${list(closed)}`] : []),
      ...(filtered.length > 0 ? [`row-level security hides rows of ${list(filtered)}`] : []),
    ].join(" "),
    filtered.length > 0
      ? `use a role with BYPASSRLS (ALTER ROLE "${user}" BYPASSRLS) or the tables' owner; nothing was stored`
      : `grant it, for example: GRANT pg_read_all_data TO "${user}"; nothing was stored`,
  );
};

const list = (names: readonly string[]): string =>
  names.length > 5 ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more` : names.join(", ");
