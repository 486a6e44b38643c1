import type { Readable } from "node:stream";
import { JobError, type PostgresEntry, type PostgresSource } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import type { Invocation } from "../process/invocation.ts";
import { runPipeline } from "../process/pipeline.ts";
import { runScript } from "../sql/run-script.ts";
import { restoreProgram } from "./clients.ts";
import { adminOf, clientEnv, type Session, withSession } from "./connect.ts";
import { createMissingRoles, roleNames } from "./create-roles.ts";
import { explainRestore } from "./explain-restore.ts";
import { createDatabase, type Globals } from "./globals.ts";
import { connectionString, quoteIdentifier, quoteLiteral } from "./identifier.ts";
import type { TargetFacts } from "./inspect-target.ts";
import { withMaintenance } from "./maintenance.ts";
import { withOwnLogin } from "./own-login.ts";
import { replayProperties, storedProperties } from "./replay-properties.ts";
import { aroundTimescale, timescaleOf } from "./restore-timescale.ts";
import { explainSql } from "./sql-error.ts";
import { dismissStrangers, inviteStrangers } from "./strangers.ts";
import { UNFINISHED } from "./unfinished.ts";

/** Where the archive is: a file that several jobs read at once, or a stream into one. */
export type Archive =
  | ({ readonly file: string } & Picked)
  /** Runs the pipeline that ends in this process. */
  | ({ readonly stream: (consumer: Invocation) => Promise<void> } & Picked)
  /** A plain script; the promise says whether all that came was right. */
  | { readonly script: (take: (script: Readable, whole: Promise<void>) => Promise<void>) => Promise<void> };

interface Picked {
  /** The entries of the archive that are restored, for `pg_restore --use-list`. @default all */
  readonly list?: string;
}

export interface RestoreRequest {
  readonly entry: PostgresEntry;
  readonly globals: Globals;
  readonly target: TargetFacts;
  readonly archive: Archive;
  /** The name of the database to make. */
  readonly database: string;
  /** Who owns it; where that role is not there, the admin does. @default the owner in the globals */
  readonly owner?: string;
  /** Roles that an old dump names: nothing else says which it needs. @default those in the globals */
  readonly named?: ReadonlySet<string>;
  /**
   * Gives it the stored properties at the end and so lets connections in: where no live database exists whose
   * properties it will get at the swap. @default false
   */
  readonly open?: boolean;
}

/**
 * Makes a database and restores a dump into it; until its properties are replayed only its owner and superusers may
 * connect. Roles that exist are not changed.
 * @returns notes for the record
 * @throws JobError `too-few-rights`, `wrong-version`, `missing-tool`, `restore-failed` with pg_restore's own words
 */
export const restoreBeside = async (
  context: Context,
  source: PostgresSource,
  request: RestoreRequest,
): Promise<readonly string[]> => {
  const { entry, globals, target, database } = request;
  const program =
    "script" in request.archive ? undefined : await restoreProgram(context, target.major, entry.leastPgRestore);
  const { notes, owner, strangers } = await withMaintenance(context, source, [database], async (session) => {
    const created = await createMissingRoles(session, withOwnLogin(context, source, globals), target.major);
    const name = await chooseOwner(session, target, request.owner ?? globals.properties.owner);
    await createEmpty(session, globals, database, name);
    const invited = target.admin.superuser ? await inviteStrangers(session, request.named ?? new Set()) : [];
    return { notes: created, owner: name, strangers: invited };
  });
  // Single tables are never TimescaleDB's own.
  const timescale = "list" in request.archive ? undefined : timescaleOf(entry);
  const loading = { ...request, program: program?.file ?? "", owner, single: timescale !== undefined };
  const fill = () => load(context, source, loading);
  const dismiss = () => dismissStrangers(context, source, database, strangers);
  const leftOut = await (timescale ? aroundTimescale(context, source, database, timescale, fill) : fill()).catch(
    async (error) => {
      await dismiss().catch(() => undefined); // what failed first counts
      throw error;
    },
  );
  leftOut.push(...(await dismiss()));
  // A restored database has no statistics, and the first queries would crawl.
  await withSession(context, source, adminOf(source), database, (session) => session.query("ANALYZE"));
  if (request.open)
    await replayProperties(context, source, database, await storedProperties(context, source, globals, database));
  return target.admin.superuser
    ? [...notes, ...leftOut]
    : [...notes, ...leftOut, `'${target.admin.user}' is no superuser: every restored object belongs to '${owner}'`];
};

/** A role that the admin may not act as cannot be made an owner by it. */
const chooseOwner = async (session: Session, { admin }: TargetFacts, wanted: string): Promise<string> => {
  if (!(await roleNames(session)).has(wanted)) return admin.user;
  if (admin.superuser) return wanted;
  const { rows } = await session.query<{ may: boolean }>("SELECT pg_catalog.pg_has_role($1, 'MEMBER') AS may", [
    wanted,
  ]);
  return rows[0]?.may ? wanted : admin.user;
};

const createEmpty = async (session: Session, globals: Globals, database: string, owner: string): Promise<void> => {
  try {
    await session.query(createDatabase(globals.properties, database, owner));
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === "42P04") {
      const fact = `refusing to restore into database '${database}': it exists`;
      throw new JobError("target-not-empty", fact, "choose a name that is free", { cause: error });
    }
    if (code !== "42809" && code !== "22023" && !/locale|encoding|collat/i.test(message)) {
      throw explainSql(error, session.where, `create database '${database}' from`);
    }
    throw new JobError(
      "wrong-version",
      `the target cannot create a database with encoding ${globals.properties.encoding} and collation ${globals.properties.collate}: ${message}`,
      "install that locale on the target's server; the live data were not touched",
      { cause: error },
    );
  }
  await session.query(`COMMENT ON DATABASE ${quoteIdentifier(database)} IS ${quoteLiteral(UNFINISHED)}`);
  // Nobody but the owner and superusers gets in before it is whole.
  await session.query(`REVOKE ALL ON DATABASE ${quoteIdentifier(database)} FROM PUBLIC`);
};

interface Loading extends Pick<RestoreRequest, "archive" | "database" | "target" | "named"> {
  readonly program: string;
  readonly owner: string;
  /** One job only: TimescaleDB's catalog does not stand several. */
  readonly single: boolean;
}

/** @returns what was left out */
const load = async (context: Context, source: PostgresSource, loading: Loading): Promise<string[]> => {
  const { archive } = loading;
  if ("script" in archive) return loadScript(context, source, loading, archive);
  const consumer = pgRestore(context, source, loading);
  if ("file" in archive) await runPipeline(context, [consumer]);
  else await archive.stream(consumer);
  return [];
};

const loadScript = async (
  context: Context,
  source: PostgresSource,
  { database, target: { major, admin }, owner, named }: Loading,
  { script }: Extract<Archive, { script: unknown }>,
): Promise<string[]> => {
  let leftOut: string[] = [];
  const target = {
    database,
    major,
    superuser: admin.superuser,
    grants: named === undefined || admin.superuser,
    ...(admin.superuser || owner === admin.user ? {} : { role: owner }),
  };
  await script(async (stream, whole) => {
    leftOut = [...(await runScript(context, source, target, stream, whole))];
  });
  return leftOut;
};

/** The `pg_restore` call for one archive: from a file with several jobs, or from stdin with one. */
export const pgRestore = (
  context: Context,
  source: PostgresSource,
  { archive, database, target, program, owner, single, named }: Loading,
): Invocation => ({
  file: program,
  args: [
    "--exit-on-error",
    "--no-password",
    `--dbname=${connectionString(database)}`,
    // Without a superuser, only one role can own things: the one that owns the database.
    ...(named && !target.admin.superuser ? ["--no-privileges"] : []),
    ...(target.admin.superuser ? [] : ["--no-owner", ...(owner === target.admin.user ? [] : [`--role=${owner}`])]),
    ...("list" in archive ? ["--use-list=/dev/fd/3"] : []),
    ...("file" in archive ? [`--jobs=${single ? 1 : source.restoreJobs}`, archive.file] : []),
  ],
  ...("list" in archive && archive.list !== undefined ? { inputs: [archive.list] } : {}),
  env: clientEnv(context, source, adminOf(source), database),
  explain: explainRestore("pg_restore", source, database),
});
