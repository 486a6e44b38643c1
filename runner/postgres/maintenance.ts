import { JobError, type PostgresSource } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { adminOf, connectPostgres, type Session, useSession } from "./connect.ts";

/** Databases that every server has; none of them is touched. */
const MAINTENANCE = ["postgres", "template1"];

/**
 * Connects, as the admin, to a database that is not among `except`: one that is renamed, created or dropped cannot be
 * the one we sit in.
 * @throws JobError as `connectPostgres`
 */
export const connectMaintenance = async (
  context: Context,
  source: PostgresSource,
  except: readonly string[] = [],
): Promise<Session> => {
  let failure: unknown;
  for (const database of MAINTENANCE.filter((name) => !except.includes(name))) {
    try {
      return await connectPostgres(context, source, adminOf(source), database);
    } catch (error) {
      failure = error;
      if (!(error instanceof JobError) || !["missing-database", "too-few-rights"].includes(error.code)) throw error;
    }
  }
  throw failure;
};

/** The work in such a connection, which is ended whatever happens. */
export const withMaintenance = async <T>(
  context: Context,
  source: PostgresSource,
  except: readonly string[],
  work: (session: Session) => Promise<T>,
): Promise<T> => useSession(context, await connectMaintenance(context, source, except), work);

/** Every database of the server. */
export const databaseNames = async (session: Session): Promise<ReadonlySet<string>> => {
  const { rows } = await session.query<{ datname: string }>("SELECT datname FROM pg_catalog.pg_database");
  return new Set(rows.map(({ datname }) => datname));
};
