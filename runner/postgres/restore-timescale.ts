import { JobError, type PostgresEntry, type PostgresSource } from "../../spec/index.ts";
import { type Context, withSignal } from "../context.ts";
import { adminOf, withSession } from "./connect.ts";
import { quoteIdentifier } from "./identifier.ts";
import { RESTORING } from "./restoring.ts";

/** Milliseconds that leaving the restoring mode may take after the job was told to stop. */
const LEAVING = 30_000;

/** TimescaleDB as a dump had it; undefined where it had none. */
export const timescaleOf = ({ extensions }: PostgresEntry): PostgresEntry["extensions"][number] | undefined =>
  extensions.find(({ name }) => name === "timescaledb");

/**
 * Loads a dump into a new database in the way TimescaleDB wants it: the extension is there first, in the dump's own
 * version, and is told before and after. It is told afterwards whatever happens to the load.
 * @throws what `load` throws; JobError `restore-failed` where the database stays in the restoring mode
 */
export const aroundTimescale = async <T>(
  context: Context,
  source: PostgresSource,
  database: string,
  extension: PostgresEntry["extensions"][number],
  load: () => Promise<T>,
): Promise<T> => {
  const target = quoteIdentifier(extension.schema || "public");
  // An older tool's dump may not say it; a wrong one is found at the end then.
  const version = extension.version === "" ? "" : ` VERSION ${quoteIdentifier(extension.version)}`;
  const inside = (within: Context, statements: readonly string[]) =>
    withSession(within, source, adminOf(source), database, async (session) => {
      for (const statement of statements) await session.query(statement);
    });
  await inside(context, [
    `CREATE SCHEMA IF NOT EXISTS ${target}`,
    `CREATE EXTENSION timescaledb WITH SCHEMA ${target}${version}`,
  ]);
  const leave = [`SELECT ${target}.timescaledb_post_restore()`];
  let loaded: T;
  try {
    await inside(context, [`SELECT ${target}.timescaledb_pre_restore()`]);
    loaded = await load();
  } catch (error) {
    const late = withSignal(context, AbortSignal.timeout(LEAVING));
    // What was loaded in half may not be what its function expects; then at least the mode itself ends.
    await inside(late, leave).catch(() =>
      inside(late, [`ALTER DATABASE ${quoteIdentifier(database)} RESET ${RESTORING}`]).catch(() => undefined),
    );
    throw error;
  }
  await inside(context, leave);
  await refuseRestoring(context, source, database);
  return loaded;
};

/** A database in this mode looks whole and takes rows into the wrong tables. */
const refuseRestoring = (context: Context, source: PostgresSource, database: string): Promise<void> =>
  withSession(context, source, adminOf(source), database, async (session) => {
    const { rows } = await session.query<{ mode: string }>(`SELECT pg_catalog.current_setting('${RESTORING}') AS mode`);
    if (rows[0]?.mode === "off") return;
    throw new JobError(
      "restore-failed",
      `'${database}' still has ${RESTORING} = ${rows[0]?.mode}, after timescaledb_post_restore()`,
      `look for who sets it (the server's own configuration, or a role), and restore again`,
    );
  });
