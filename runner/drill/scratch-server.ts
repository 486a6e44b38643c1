import { JobError, type PostgresEntry, type PostgresSource } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { adminOf, type Session, withSession } from "../postgres/connect.ts";
import { roleNames } from "../postgres/create-roles.ts";
import { dropDatabase } from "../postgres/drop-database.ts";
import { firstRelation } from "../postgres/first-relation.ts";
import { quoteIdentifier, quoteLiteral } from "../postgres/identifier.ts";
import { lockTarget } from "../postgres/lock.ts";
import { withMaintenance } from "../postgres/maintenance.ts";
import { one, serverOf } from "../postgres/snapshot.ts";
import { UNFINISHED } from "../postgres/unfinished.ts";

const LOCK = "restorable_drill";
/** Of the databases that every server has, the one that somebody may have put data into. */
const DEFAULT_DATABASE = "postgres";
const OURS = /^restorable_drill_\d+$/;

/** The name under which a drill restores its nth database: the scratch server has nothing to do with the real one. */
export const drillDatabase = (index: number): string => `restorable_drill_${index}`;

export interface ScratchServer {
  readonly version: string;
  /** Aborted when the connection that holds the server for this drill was lost. */
  readonly lost: AbortSignal;
  /** Says of a restored database that it is a drill's, in the place of its own comment. */
  readonly mark: (context: Context, database: string) => Promise<void>;
  /** Drops the drill's databases and the roles that they brought. */
  readonly remove: (context: Context) => Promise<void>;
}

/**
 * Takes a scratch server for one drill. It must hold nothing but what every new server does: so a drill can never run
 * against one that anybody works with. Databases that a drill left that was killed are dropped first.
 * @throws JobError `wrong-target`, `target-not-empty`, `wrong-version`, `too-few-rights`, `busy`; as `connectPostgres`
 */
export const takeServer = async (
  context: Context,
  source: PostgresSource,
  entries: readonly PostgresEntry[],
): Promise<ScratchServer> => {
  const lock = await lockTarget(context, source, LOCK);
  try {
    const { version, roles, left } = await withMaintenance(context, source, [], async (session) => {
      await requireSuperuser(session);
      const server = await serverOf(session);
      for (const entry of entries) refuseServer(source, entry, server);
      return { version: server.version, roles: await roleNames(session), left: await refuseLiveServer(session) };
    });
    await withSession(context, source, adminOf(source), DEFAULT_DATABASE, refuseTables);
    for (const database of left) await dropDatabase(context, source, database);
    return {
      version,
      lost: lock.lost,
      mark: (inside, database) => markAsOurs(inside, source, database),
      remove: async (tidying) => {
        await removeAll(tidying, source, roles).finally(lock.release);
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
};

const requireSuperuser = async (session: Session): Promise<void> => {
  const { superuser } = await one<{ superuser: boolean }>(
    session,
    "SELECT rolsuper AS superuser FROM pg_catalog.pg_roles WHERE rolname = current_user",
  );
  if (superuser) return;
  throw new JobError(
    "too-few-rights",
    `'${session.where.user}' is no superuser of the scratch server`,
    "give the login that the server was made with; a drill makes roles and owners as they were",
  );
};

/** The server that a point was taken from is never scratch; an older one proves nothing. */
const refuseServer = (
  { host, port }: PostgresSource,
  { name, server }: PostgresEntry,
  found: PostgresEntry["server"],
): void => {
  if (server.systemIdentifier !== undefined && server.systemIdentifier === found.systemIdentifier) {
    throw new JobError(
      "wrong-target",
      `the server at ${host}:${port} is the one that '${name}' was backed up from`,
      "a drill needs a server of its own; nothing was touched",
    );
  }
  if (found.major >= server.major) return;
  throw new JobError(
    "wrong-version",
    `the scratch server is PostgreSQL ${found.version}, and '${name}' was dumped from ${server.version}`,
    `give a scratch server of major ${server.major} or newer`,
  );
};

/** @returns databases that a drill left which was killed */
const refuseLiveServer = async (session: Session): Promise<readonly string[]> => {
  const { rows } = await session.query<{ name: string; comment: string | null }>(
    `SELECT datname AS name, pg_catalog.shobj_description(oid, 'pg_database') AS comment
       FROM pg_catalog.pg_database WHERE NOT datistemplate AND datname <> $1 ORDER BY 1`,
    [DEFAULT_DATABASE],
  );
  const isOurs = ({ name, comment }: { name: string; comment: string | null }) =>
    OURS.test(name) && comment === UNFINISHED;
  const foreign = rows.filter((row) => !isOurs(row)).map(({ name }) => `'${name}'`);
  if (foreign.length > 0) throw notEmpty(session, `the database(s) ${foreign.join(", ")}`);
  return rows.map(({ name }) => name);
};

const refuseTables = async (session: Session): Promise<void> => {
  const name = await firstRelation(session);
  if (name !== undefined) throw notEmpty(session, `'${name}' in its database '${DEFAULT_DATABASE}'`);
};

const notEmpty = ({ where: { host, port } }: Session, what: string): JobError =>
  new JobError(
    "target-not-empty",
    `refusing to drill on the server at ${host}:${port}: it holds ${what}`,
    "a drill needs a server that holds nothing, such as a new container; nothing was touched",
  );

const markAsOurs = (context: Context, source: PostgresSource, database: string): Promise<void> =>
  withMaintenance(context, source, [database], async (session) => {
    await session.query(`COMMENT ON DATABASE ${quoteIdentifier(database)} IS ${quoteLiteral(UNFINISHED)}`);
  });

const removeAll = async (context: Context, source: PostgresSource, before: ReadonlySet<string>): Promise<void> => {
  const left = await withMaintenance(context, source, [], async (session) => {
    const { rows } = await session.query<{ name: string }>("SELECT datname AS name FROM pg_catalog.pg_database");
    return rows.filter(({ name }) => OURS.test(name));
  });
  for (const { name } of left) await dropDatabase(context, source, name);
  await withMaintenance(context, source, [], async (session) => {
    const brought = [...(await roleNames(session))].filter((role) => !before.has(role));
    if (brought.length > 0) await session.query(`DROP ROLE ${brought.map(quoteIdentifier).join(", ")}`);
  });
};
