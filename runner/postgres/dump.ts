import { JobError, type PostgresEntry, type PostgresSource, type TableCount } from "../../spec/index.ts";
import type { StoreStream } from "../artifact/store-stream.ts";
import { type Context, withSignal } from "../context.ts";
import type { Invocation } from "../process/invocation.ts";
import { dumpProgram, leastPgRestore, readingProgram } from "./clients.ts";
import { connectPostgres, type Session, useSession } from "./connect.ts";
import { type CountingBranch, openCountingBranch } from "./count-from-stream.ts";
import { countLargeObjects, countRows, hasRows, sumRows } from "./count-rows.ts";
import { readGlobals, renderGlobals } from "./globals.ts";
import { pgDump } from "./pg-dump.ts";
import { openSnapshot, type Snapshot } from "./snapshot.ts";
import { placeOf, type Where } from "./sql-error.ts";
import { countTimescale } from "./timescale.ts";
import { vacuumLargeObjects } from "./vacuumlo.ts";

/** The longest time a timer takes, in milliseconds: about 24 days. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Dumps one database: a custom-format archive or a plain script, row counts of the same instant, and globals as an artifact of their own.
 * @param raw the archive is stored as it is, so it compresses its rows itself
 * @throws JobError `empty-source`, `too-few-rights`, `process-failed` with pg_dump's own words, `wrong-version`,
 * `missing-tool`, and what `connectPostgres` throws
 */
export const dumpPostgres = async (
  context: Context,
  source: PostgresSource,
  storeStream: StoreStream,
  raw = false,
): Promise<PostgresEntry> => {
  const stop = new AbortController();
  const limited = withSignal(context, AbortSignal.any([context.signal, stop.signal]));
  const session = await connectPostgres(limited, source, source.login);
  const timer = limitSnapshot(source, session.where, stop);
  try {
    return await useSession(limited, session, () => dumpSnapshot(limited, source, session, { storeStream, stop, raw }));
  } finally {
    clearTimeout(timer);
  }
};

/** A held snapshot keeps vacuum from its work, so it may not live for ever. */
const limitSnapshot = ({ maxSnapshotHours }: PostgresSource, where: Where, stop: AbortController) =>
  setTimeout(
    () =>
      stop.abort(
        new JobError(
          "process-failed",
          `the dump of ${placeOf(where)} held its snapshot for ${maxSnapshotHours} hours, as long as the plan allows, and was ended`,
          "raise maxSnapshotHours if the database really needs longer; nothing was published",
        ),
      ),
    Math.min(maxSnapshotHours * 3_600_000, LONGEST_TIMER),
  );

interface Storing {
  readonly storeStream: StoreStream;
  /** Ends the dump when its counts fail. */
  readonly stop: AbortController;
  readonly raw: boolean;
}

const dumpSnapshot = async (
  context: Context,
  source: PostgresSource,
  session: Session,
  storing: Storing,
): Promise<PostgresEntry> => {
  const removed = await vacuumLargeObjects(context, source, session);
  const snapshot = await openSnapshot(context, session);
  const largeObjects = await countLargeObjects(session);
  await refuseEmpty(source, session, snapshot, largeObjects);
  const globals = await readGlobals(session);
  const program = await dumpProgram(context, snapshot.facts.server.major);
  const dump = pgDump(context, source, {
    file: program.file,
    snapshot: snapshot.id,
    where: session.where,
    raw: storing.raw,
  });
  const fromStream = snapshot.facts.databaseBytes > source.countFromStreamAbove;
  const least = source.format === "sql" ? 0 : leastPgRestore(program.major);
  const work = { context, source, session, snapshot, dump, ...storing };
  const stored = fromStream ? await dumpAndTap(work, least) : await dumpAndCount(work);
  const timescale = snapshot.timescale && (await countTimescale(session, snapshot.timescale, stored.counts));
  await session.query("COMMIT"); // the snapshot is no longer needed; vacuum may go on
  const sql = await storing.storeStream({
    role: "globals",
    file: `${source.name}.globals.sql`,
    format: "sql",
    producers: [],
    text: renderGlobals(globals),
  });
  const { name, host, port, database } = source;
  return {
    kind: "postgres",
    name,
    host,
    port,
    database,
    ...snapshot.facts,
    leastPgRestore: least,
    counts: [...stored.counts],
    countedBy: fromStream ? "stream" : "snapshot",
    rows: sumRows(stored.counts),
    largeObjects,
    ...(timescale ? { timescale } : {}),
    ...removed,
    artifacts: [stored.artifact, sql],
  };
};

const refuseEmpty = async (
  { allowEmpty }: PostgresSource,
  session: Session,
  { tables }: Snapshot,
  largeObjects: number,
): Promise<void> => {
  if (allowEmpty || largeObjects > 0 || (await hasRows(session, tables))) return;
  throw new JobError(
    "empty-source",
    `${placeOf(session.where)} holds no row in any of its ${tables.length} tables`,
    "check that this is the right database; if it may be empty, set allowEmpty: true for this source",
  );
};

interface Dumping extends Storing {
  readonly context: Context;
  readonly source: PostgresSource;
  readonly session: Session;
  readonly snapshot: Snapshot;
  readonly dump: Invocation;
}

interface Dumped {
  readonly artifact: PostgresEntry["artifacts"][number];
  readonly counts: readonly TableCount[];
}

const storeDump = ({ source, snapshot, storeStream, stop }: Dumping, producers: readonly Invocation[]) =>
  storeStream({
    role: "dump",
    file: `${source.name}.${source.format === "sql" ? "sql" : "dump"}`,
    format: source.format === "sql" ? "sql" : "pg-custom",
    producers,
    estimate: snapshot.facts.databaseBytes,
    signal: stop.signal,
  });

/** Both at once: what the dump reads is warm for the counts, and the other way round. */
const dumpAndCount = async (work: Dumping): Promise<Dumped> => {
  const stored = storeDump(work, [work.dump]);
  const counted = countRows(work.session, work.snapshot.tables);
  const [artifact, counts] = await Promise.allSettled([stored, stopOnFailure(work, counted, stored)]);
  if (artifact.status === "rejected") throw artifact.reason;
  if (counts.status === "rejected") throw counts.reason;
  return { artifact: artifact.value, counts: counts.value };
};

const dumpAndTap = async (work: Dumping, least: number): Promise<Dumped> => {
  const reader = work.source.format === "sql" ? undefined : (await readingProgram(work.context, least)).file;
  const branch = await openCountingBranch(work.context, reader);
  try {
    const stored = storeDump(work, [work.dump, branch.tap]);
    const counted = stopOnFailure(work, branch.counted, stored);
    const [artifact] = await Promise.allSettled([stopBranch(branch, stored), counted]);
    if (artifact.status === "rejected") throw await causeOf(artifact.reason, branch);
    return { artifact: artifact.value, counts: inOrder(work.snapshot, await branch.counted) };
  } finally {
    await branch.remove();
  }
};

/** Milliseconds that one side of a failure gets to fail with its own words before the other side's end it. */
const GRACE = 2_000;

/** A dump that never began has nobody to end its branch. */
const stopBranch = async <T>(branch: CountingBranch, stored: Promise<T>): Promise<T> => {
  try {
    return await stored;
  } catch (error) {
    await within(branch.counted, () => branch.stop(error));
    throw error;
  }
};

const stopOnFailure = async <T>({ stop }: Dumping, counted: Promise<T>, stored: Promise<unknown>): Promise<T> => {
  try {
    return await counted;
  } catch (error) {
    await within(stored, () => stop.abort(error));
    throw error;
  }
};

/** Waits until work has ended, however it ends; calls `late` when that takes too long. */
const within = async (work: Promise<unknown>, late: () => void): Promise<void> => {
  const timer = setTimeout(late, GRACE);
  await work.then(
    () => clearTimeout(timer),
    () => clearTimeout(timer),
  );
};

/** Where all that failed lost its reader, the branch's reader says why. */
const causeOf = async (failure: unknown, { counted }: CountingBranch): Promise<unknown> => {
  if (!(failure instanceof JobError) || !/^tee |ended by SIGPIPE|broken pipe|reset by peer/i.test(failure.fact))
    return failure;
  return counted.then(
    () => failure,
    (error: unknown) => error,
  );
};

/** The counts of the tables that the snapshot lists; members of extensions are in the stream as well. */
const inOrder = ({ tables }: Snapshot, counted: readonly TableCount[]): readonly TableCount[] => {
  const rows = new Map(counted.map((count) => [keyOf(count), count.rows]));
  return tables.map(({ schema, table }) => {
    const found = rows.get(keyOf({ schema, table }));
    if (found !== undefined) return { schema, table, rows: found };
    throw new JobError(
      "counts-differ",
      `the dump holds no rows section for ${schema}.${table}, which its snapshot lists`,
      "set countFromStreamAbove above the database's size, so that rows are counted in the snapshot",
    );
  });
};

const keyOf = ({ schema, table }: { schema: string; table: string }): string => JSON.stringify([schema, table]);
