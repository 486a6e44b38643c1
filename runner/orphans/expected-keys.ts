import { JobError, type OrphanQuery, type PostgresSource } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { asSubquery } from "../postgres/asked-query.ts";
import { connectPostgres, type Session } from "../postgres/connect.ts";

/** Rows fetched at a time, and the milliseconds that one statement may take. */
const FETCH = 10_000;
const TIMEOUT = 600_000;

/**
 * What the rows expect, each once, in the order of its bytes. The query stands in a subquery of a read-only transaction
 * and is sent as one prepared statement, so it can neither write nor bring a second statement with it.
 * @throws JobError `bad-config` naming the query that does not work; what connecting says
 */
export async function* expectedKeys(
  context: Context,
  source: PostgresSource,
  { name, query, stripPrefix = "" }: OrphanQuery,
): AsyncGenerator<string, void, undefined> {
  const session = await connectPostgres(context, source, source.login);
  const run = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const hint =
        "it must be one SELECT with one column, the path or key that a row expects, and take less than 10 minutes";
      throw new JobError("bad-config", `the query of '${name}' failed: ${reason}`, hint, { cause });
    }
  };
  try {
    await session.query("RESET search_path"); // the query may name tables as the application does
    await session.query("BEGIN TRANSACTION READ ONLY");
    await session.query(`SET LOCAL statement_timeout = ${TIMEOUT}`);
    await run(() => requireOneColumn(session, query));
    await run(() => session.query(declaration(query), [stripPrefix]));
    for (;;) {
      context.signal.throwIfAborted();
      const { rows } = await run(() => session.query<{ key: string }>(`FETCH ${FETCH} FROM restorable_expected`));
      for (const { key } of rows) yield key;
      if (rows.length < FETCH) return;
    }
  } finally {
    await session.end().catch(() => undefined);
  }
}

const requireOneColumn = async (session: Session, query: string): Promise<void> => {
  const { fields } = await session.query(`SELECT * FROM ${asSubquery(query)} WHERE $1::text IS NOT NULL LIMIT 0`, [""]);
  if (fields.length !== 1)
    throw new Error(`it has ${fields.length} columns (${fields.map(({ name }) => name).join(", ")})`);
};

const declaration = (query: string): string => `
  DECLARE restorable_expected NO SCROLL CURSOR FOR
  SELECT key FROM (
    SELECT DISTINCT CASE WHEN pg_catalog.starts_with(value, $1) THEN pg_catalog.substr(value, pg_catalog.length($1) + 1) ELSE value END COLLATE "C" AS key
      FROM (SELECT asked.value::text AS value FROM ${asSubquery(query)} (value)) AS texts
     WHERE value IS NOT NULL AND value <> ''
  ) AS keys ORDER BY key COLLATE "C"`;
