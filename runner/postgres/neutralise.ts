import type { PostgresSource } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { adminOf, type Session, withSession } from "./connect.ts";
import { detachSubscription } from "./drop-database.ts";
import { quoteIdentifier } from "./identifier.ts";

/**
 * Takes away what a copy of another environment could do on the outside: subscriptions, cron jobs, and credentials of
 * foreign servers.
 * @returns one sentence for each thing
 */
export const neutralise = (context: Context, source: PostgresSource, database: string): Promise<readonly string[]> =>
  withSession(context, source, adminOf(source), database, async (session) => [
    ...(await detachSubscriptions(session)),
    ...(await stopCron(session)),
    ...(await stopTimescaleJobs(session)),
    ...(await dropUserMappings(session)),
  ]);

const detachSubscriptions = async (session: Session): Promise<readonly string[]> => {
  const { rows } = await session.query<{ subname: string }>(
    `SELECT s.subname FROM pg_catalog.pg_subscription s
       JOIN pg_catalog.pg_database d ON d.oid = s.subdbid WHERE d.datname = pg_catalog.current_database() ORDER BY 1`,
  );
  for (const { subname } of rows) await detachSubscription(session, subname);
  return rows.map(({ subname }) => `neutralised: the subscription '${subname}' is disabled and has no slot`);
};

const stopCron = async (session: Session): Promise<readonly string[]> => {
  const { rows } = await session.query("SELECT FROM pg_catalog.pg_extension WHERE extname = 'pg_cron'");
  if (rows.length === 0) return [];
  const { rowCount } = await session.query("UPDATE cron.job SET active = false WHERE active");
  return rowCount ? [`neutralised: ${rowCount} pg_cron jobs are inactive`] : [];
};

/** Policies work inside of the database and stay; a procedure of its own may do anything. */
const stopTimescaleJobs = async (session: Session): Promise<readonly string[]> => {
  const { rows } = await session.query("SELECT FROM pg_catalog.pg_extension WHERE extname = 'timescaledb'");
  if (rows.length === 0) return [];
  const { rowCount } = await session.query(
    "UPDATE _timescaledb_config.bgw_job SET scheduled = false WHERE scheduled AND proc_schema NOT LIKE '\\_timescaledb%'",
  );
  return rowCount ? [`neutralised: ${rowCount} jobs of TimescaleDB are no longer scheduled`] : [];
};

const dropUserMappings = async (session: Session): Promise<readonly string[]> => {
  const { rows } = await session.query<{ server: string; role: string }>(
    "SELECT srvname AS server, usename AS role FROM pg_catalog.pg_user_mappings ORDER BY 1, 2",
  );
  for (const { server, role } of rows) {
    const who = role === "public" ? "PUBLIC" : quoteIdentifier(role);
    await session.query(`DROP USER MAPPING FOR ${who} SERVER ${quoteIdentifier(server)}`);
  }
  return rows.map(
    ({ server, role }) => `neutralised: the credentials of '${role}' at the foreign server '${server}' are gone`,
  );
};
