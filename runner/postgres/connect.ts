import pg from "pg";
import type { Login, PostgresSource } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { explainSql, isAboutTls, type Where, whereOf } from "./sql-error.ts";
import { type TlsAttempt, tlsAttempts, tlsEnv } from "./tls.ts";

/** One connection; `where` names it in messages. */
export type Session = pg.Client & { readonly where: Where };

/** Milliseconds to wait for a server. */
const CONNECT_TIMEOUT = 10_000;

/** Settings of a server or role that would end or bend our own statements; 0 means never. */
const NEVER = [
  "statement_timeout",
  "lock_timeout",
  "idle_in_transaction_session_timeout",
  "idle_session_timeout",
  "transaction_timeout",
];

/**
 * Connects to one database of a source's server; every name in later statements must be qualified.
 * @throws JobError `database-unreachable`, `bad-credentials`, `missing-database`, `too-few-rights`, `untrusted-server`,
 * `missing-secret`, `bad-config`
 */
export const connectPostgres = async (
  context: Context,
  source: PostgresSource,
  login: Login,
  database: string = source.database,
): Promise<Session> => {
  context.signal.throwIfAborted();
  const where = whereOf(source, login, database);
  const password = login.password ? context.secret(login.password) : "";
  let failure: unknown;
  for (const ssl of await tlsAttempts(source)) {
    try {
      return await open(where, password, ssl);
    } catch (error) {
      failure = error;
      // 28000: pg_hba.conf may let this user in without TLS only. All else is the same without TLS.
      if (!isAboutTls(error) && (error as { code?: string }).code !== "28000") break;
    }
  }
  throw explainSql(failure, where);
};

const open = async (where: Where, password: string, ssl: TlsAttempt): Promise<Session> => {
  const client = new pg.Client({
    host: where.host,
    port: where.port,
    user: where.user,
    database: where.database,
    password: () => password, // a function, or `pg` would look for one in the environment and in ~/.pgpass
    ssl,
    application_name: "restorable",
    client_encoding: "UTF8",
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    keepAlive: true,
  });
  client.on("error", () => undefined); // the next statement fails with it; without a listener the process would end
  try {
    await client.connect();
    await client.query(
      `SELECT pg_catalog.set_config('search_path', '', false),
              pg_catalog.set_config(name, '0', false)
         FROM pg_catalog.pg_settings WHERE name = ANY ($1)`,
      [NEVER],
    );
    // A session whose client has died ends instead of counting to the end (since 14).
    await client.query(
      `SELECT pg_catalog.set_config(name, '5s', false) FROM pg_catalog.pg_settings
        WHERE name = 'client_connection_check_interval'`,
    );
    return Object.assign(client, { where });
  } catch (error) {
    close(client);
    throw error;
  }
};

/** Ends a connection without waiting for what it does. */
const close = (client: pg.Client): void => {
  client.end().catch(() => undefined);
  (client as unknown as { connection?: { stream?: { destroy?: () => void } } }).connection?.stream?.destroy?.();
};

/**
 * Connects, does the work, and disconnects whatever happens; an abort of the job ends the connection.
 * @throws what `connectPostgres` throws, and failures of statements explained in the same way
 */
export const withSession = async <T>(
  context: Context,
  source: PostgresSource,
  login: Login,
  database: string,
  work: (session: Session) => Promise<T>,
): Promise<T> => useSession(context, await connectPostgres(context, source, login, database), work);

export const useSession = async <T>(
  context: Context,
  session: Session,
  work: (session: Session) => Promise<T>,
): Promise<T> => {
  const stop = () => close(session);
  context.signal.addEventListener("abort", stop, { once: true });
  try {
    return await work(session);
  } catch (error) {
    context.signal.throwIfAborted();
    throw explainSql(error, session.where, "work on");
  } finally {
    context.signal.removeEventListener("abort", stop);
    await session.end().catch(() => undefined);
  }
};

/** Runs the work in one transaction, read-write unless `mode` says more. */
export const inTransaction = async <T>(session: Session, work: () => Promise<T>, mode = ""): Promise<T> => {
  await session.query(`BEGIN ${mode}`);
  try {
    const done = await work();
    await session.query("COMMIT");
    return done;
  } catch (error) {
    await session.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
};

/** The environment in which PostgreSQL's programs find the same database; the password is nowhere else. */
export const clientEnv = (
  context: Context,
  source: PostgresSource,
  login: Login,
  database: string = source.database,
): Record<string, string> => ({
  PGHOST: source.host,
  PGPORT: String(source.port),
  PGUSER: login.user,
  PGDATABASE: database,
  ...(login.password ? { PGPASSWORD: context.secret(login.password) } : {}),
  ...tlsEnv(source.tls),
  PGGSSENCMODE: "disable",
  PGCONNECT_TIMEOUT: String(CONNECT_TIMEOUT / 1000),
  PGAPPNAME: "restorable",
  PGCLIENTENCODING: "UTF8",
});

/** Who creates and renames databases: the admin where there is one, else the login of the dump. */
export const adminOf = (source: PostgresSource): Login => source.admin ?? source.login;

/**
 * Connects and leaves again: for refusals before anything begins.
 * @throws JobError as `connectPostgres`
 */
export const checkDatabase = (context: Context, source: PostgresSource, login: Login): Promise<void> =>
  withSession(context, source, login, source.database, async () => undefined);
