import type { Session } from "./connect.ts";

/** Whether the database has TimescaleDB; its functions live in its own schema since 2.11, in another before. */
const functionsSchema = async (session: Session): Promise<string | undefined> => {
  const { rows } = await session.query<{ schema: string }>(
    `SELECT n.nspname AS schema FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
      WHERE p.proname = 'start_background_workers'
        AND n.nspname IN ('_timescaledb_functions', '_timescaledb_internal')
        AND EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'timescaledb')`,
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
