import { JobError, type JournalPart, type PostgresSource } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { adminOf, inTransaction, type Session, withSession } from "./connect.ts";
import { dropDatabase } from "./drop-database.ts";
import { quoteIdentifier } from "./identifier.ts";
import { databaseNames, withMaintenance } from "./maintenance.ts";
import { endSessions, refuseConnections } from "./sessions.ts";
import { restartTimescaleWorkers } from "./timescale.ts";
import { UNFINISHED } from "./unfinished.ts";

export type PostgresPart = Extract<JournalPart, { kind: "postgres" }>;

/** `unclear`: the names fit neither; somebody else renamed or dropped a database. */
export type SwapState = "before" | "after" | "unclear";

/**
 * How often the renames are tried. Somebody who is being turned away is still a session for a moment, and PostgreSQL
 * waits five seconds for a moment without any.
 */
const TRIES = 10;

/** What the names of the databases say: both renames are one transaction, so there is nothing in between. Pure. */
export const swapStateOf = (
  { live, beside, superseded, existed }: PostgresPart,
  databases: ReadonlySet<string>,
): SwapState => {
  const has = { live: databases.has(live), beside: databases.has(beside), superseded: databases.has(superseded) };
  if (has.beside && has.live === existed && !(existed && has.superseded)) return "before";
  if (!has.beside && has.live && (!existed || has.superseded)) return "after";
  return "unclear";
};

/** Tells, after whatever happened, whether the swap has taken place. */
export const swapState = (context: Context, source: PostgresSource, part: PostgresPart): Promise<SwapState> =>
  withMaintenance(context, source, namesOf(part), async (session) => swapStateOf(part, await databaseNames(session)));

/**
 * Puts the restored database in the place of the live one, which is kept under its superseded name and lets nobody
 * in. Renames and properties are one transaction; may be called again after a kill at any point.
 * @throws JobError `cannot-swap`, `busy`, `too-few-rights`; then the live database is as before and open
 */
export const swapDatabases = async (context: Context, source: PostgresSource, part: PostgresPart): Promise<void> => {
  await withMaintenance(context, source, namesOf(part), async (session) => {
    const state = swapStateOf(part, await databaseNames(session));
    if (state === "unclear") throw unclear(part, await databaseNames(session));
    if (state === "before") await rename(context, session, part, forward(part));
  });
  await restartWorkers(context, source, part.live);
};

/**
 * Gives the live name back to the database that had it, if the swap has taken place, and lets connections in again;
 * what was restored gets its name beside back. May be called again.
 * @throws JobError as `swapDatabases`
 */
export const undoSwap = async (context: Context, source: PostgresSource, part: PostgresPart): Promise<void> => {
  await withMaintenance(context, source, namesOf(part), async (session) => {
    const databases = await databaseNames(session);
    if (swapStateOf(part, databases) === "after") await rename(context, session, part, backward(part));
    else if (part.existed && databases.has(part.live)) await reopen(session, part);
  });
  if (part.existed) await restartWorkers(context, source, part.live);
};

/**
 * Removes the copy beside, as it stands. A name that an operator chose is removed only if the database says of itself
 * that it is an unfinished copy: another one of that name may have been made by somebody else in the meantime.
 */
export const dropUnfinished = async (context: Context, source: PostgresSource, part: PostgresPart): Promise<void> => {
  const { beside, live } = part;
  if (beside === live) return;
  if (!GENERATED.test(beside) && !(await isUnfinished(context, source, part))) return;
  await dropDatabase(context, source, beside);
};

/** The names that `besideName` gives. */
const GENERATED = /_new_\d{8}_\d{6}(_\d+)?$/;

const isUnfinished = (context: Context, source: PostgresSource, part: PostgresPart): Promise<boolean> =>
  withMaintenance(context, source, namesOf(part), async (session) => {
    const { rows } = await session.query<{ comment: string | null }>(
      "SELECT pg_catalog.shobj_description(oid, 'pg_database') AS comment FROM pg_catalog.pg_database WHERE datname = $1",
      [part.beside],
    );
    return rows[0]?.comment === UNFINISHED;
  });

/** Removes what was superseded. */
export const dropSuperseded = (
  context: Context,
  source: PostgresSource,
  { superseded, live }: PostgresPart,
): Promise<void> => (superseded === live ? Promise.resolve() : dropDatabase(context, source, superseded));

const namesOf = ({ live, beside, superseded }: PostgresPart): readonly string[] => [live, beside, superseded];

interface Renames {
  /** From and to, in order. */
  readonly pairs: readonly (readonly [string, string])[];
  /** Gets no connections afterwards. */
  readonly closed?: string;
  /** Whether a database has the live name afterwards. */
  readonly live: boolean;
}

const forward = ({ live, beside, superseded, existed }: PostgresPart): Renames => ({
  pairs: [...(existed ? [[live, superseded] as const] : []), [beside, live]],
  ...(existed ? { closed: superseded } : {}),
  live: true,
});

const backward = ({ live, beside, superseded, existed }: PostgresPart): Renames => ({
  pairs: [[live, beside], ...(existed ? [[superseded, live] as const] : [])],
  closed: beside,
  live: existed,
});

const rename = async (context: Context, session: Session, part: PostgresPart, renames: Renames): Promise<void> => {
  const names = renames.pairs.map(([from]) => from);
  try {
    for (const name of names) await refuseConnections(session, name);
    for (let turn = 1; ; turn += 1) {
      for (const name of names) await endSessions(context, session, name);
      if (await tryRenames(session, part, renames, turn === TRIES)) return;
    }
  } catch (error) {
    // Nothing was renamed; the application must get in again, whatever ends this job.
    await reopen(session, part).catch(() => undefined);
    throw error;
  }
};

/** @returns false where somebody was still connected, and it is worth another turn */
const tryRenames = async (session: Session, part: PostgresPart, renames: Renames, last: boolean): Promise<boolean> => {
  try {
    await inTransaction(session, async () => {
      for (const [from, to] of renames.pairs) {
        await session.query(`ALTER DATABASE ${quoteIdentifier(from)} RENAME TO ${quoteIdentifier(to)}`);
      }
      if (renames.closed !== undefined) await refuseConnections(session, renames.closed);
      if (renames.live) await replay(session, part);
    });
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "55006" && !last) return false; // object in use
    throw error;
  }
};

/** Without stored properties the database keeps its own, and only lets connections in again. */
const replay = async (session: Session, { live, properties }: PostgresPart): Promise<void> => {
  const open = `ALTER DATABASE ${quoteIdentifier(live)} WITH ALLOW_CONNECTIONS true`;
  for (const statement of properties.length > 0 ? properties : [open]) await session.query(statement);
};

/** Where nothing was renamed, only the door was closed: the stored properties say whether it was open before. */
const reopen = async (session: Session, part: PostgresPart): Promise<void> => {
  if (!part.existed) return;
  await replay(session, { ...part, properties: part.properties.filter((line) => line.includes("ALLOW_CONNECTIONS")) });
};

/** TimescaleDB's, where there is one, in the database that has the live name now. */
export const restartWorkers = async (context: Context, source: PostgresSource, live: string): Promise<void> => {
  const open = await withMaintenance(context, source, [live], async (session) => {
    const { rows } = await session.query("SELECT FROM pg_catalog.pg_database WHERE datname = $1 AND datallowconn", [
      live,
    ]);
    return rows.length > 0;
  });
  if (open) await withSession(context, source, adminOf(source), live, restartTimescaleWorkers);
};

const unclear = (part: PostgresPart, databases: ReadonlySet<string>): JobError => {
  const there = namesOf(part).filter((name) => databases.has(name));
  return new JobError(
    "cannot-swap",
    `of the databases '${namesOf(part).join("', '")}' there ${there.length === 1 ? "is" : "are"} ${there.map((name) => `'${name}'`).join(", ") || "none"}; somebody else renamed or dropped one`,
    `rename by hand so that the data you want are '${part.live}'`,
  );
};
