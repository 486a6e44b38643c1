import { setTimeout as sleep } from "node:timers/promises";
import { JobError } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import type { Session } from "./connect.ts";
import { quoteIdentifier } from "./identifier.ts";

/** Milliseconds between two looks at who is still connected. */
const PAUSE = 50;
/** How often it is looked before it is given up: about a minute. */
const LOOKS = 1_200;

/** From here on nobody gets in, not even a superuser; who is in stays. */
export const refuseConnections = async (session: Session, database: string): Promise<void> => {
  await session.query(`ALTER DATABASE ${quoteIdentifier(database)} WITH ALLOW_CONNECTIONS false`);
};

/**
 * Ends every session of a database that lets nobody in any more, again and again until none is left: one that was
 * being let in when the door closed appears late.
 * @throws JobError `busy` naming who stayed
 */
export const endSessions = async (context: Context, session: Session, database: string): Promise<void> => {
  for (let look = 0; ; look += 1) {
    context.signal.throwIfAborted();
    const { rows } = await session.query<{ who: string }>(
      `SELECT pg_catalog.format('%s (%s)', usename, application_name) AS who,
              pg_catalog.pg_terminate_backend(pid)
         FROM pg_catalog.pg_stat_activity
        WHERE datname = $1 AND pid <> pg_catalog.pg_backend_pid()
          AND usesysid IS NOT NULL`, // an autovacuum worker has no role; the rename ends it itself
      [database],
    );
    if (rows.length === 0) return;
    if (look === LOOKS)
      throw stayed(
        database,
        rows.map(({ who }) => who),
      );
    await sleep(PAUSE);
  }
};

const stayed = (database: string, who: readonly string[]): JobError =>
  new JobError(
    "busy",
    `sessions of database '${database}' could not be ended: ${who.slice(0, 5).join(", ")}`,
    "stop what connects there and run again",
  );
