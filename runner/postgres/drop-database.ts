import type { PostgresSource } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { adminOf, type Session, withSession } from "./connect.ts";
import { quoteIdentifier } from "./identifier.ts";
import { databaseNames, withMaintenance } from "./maintenance.ts";
import { endSessions, refuseConnections } from "./sessions.ts";

/** Drops one database, whoever is connected; none of that name is fine. */
export const dropDatabase = (context: Context, source: PostgresSource, database: string): Promise<void> =>
  withMaintenance(context, source, [database], async (session) => {
    if (!(await databaseNames(session)).has(database)) return;
    await dropSubscriptions(context, source, session, database);
    await refuseConnections(session, database);
    await session.query(`ALTER DATABASE ${quoteIdentifier(database)} WITH IS_TEMPLATE false`);
    await endSessions(context, session, database);
    await session.query(`DROP DATABASE ${quoteIdentifier(database)}`);
  });

/**
 * PostgreSQL drops no database with subscriptions. A restored one is told first that it has no slot: the slot of that
 * name belongs to the original, and dropping a subscription would drop it at the publisher.
 */
const dropSubscriptions = async (
  context: Context,
  source: PostgresSource,
  session: Session,
  database: string,
): Promise<void> => {
  const { rows } = await session.query<{ subname: string }>(
    `SELECT s.subname FROM pg_catalog.pg_subscription s
       JOIN pg_catalog.pg_database d ON d.oid = s.subdbid WHERE d.datname = $1`,
    [database],
  );
  if (rows.length === 0) return;
  await session.query(`ALTER DATABASE ${quoteIdentifier(database)} WITH ALLOW_CONNECTIONS true`);
  await withSession(context, source, adminOf(source), database, async (inside) => {
    for (const { subname } of rows) {
      await detachSubscription(inside, subname);
      await inside.query(`DROP SUBSCRIPTION ${quoteIdentifier(subname)}`);
    }
  });
};

/** Stops a subscription and makes it forget its slot at the publisher. */
export const detachSubscription = async (session: Session, name: string): Promise<void> => {
  await session.query(`ALTER SUBSCRIPTION ${quoteIdentifier(name)} DISABLE`);
  await session.query(`ALTER SUBSCRIPTION ${quoteIdentifier(name)} SET (slot_name = NONE)`);
};
