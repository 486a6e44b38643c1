import { JobError, type PostgresSource } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { connectMaintenance } from "./maintenance.ts";

/** The right to change one database of a server, held by a session: it goes with this process, however that ends. */
export interface TargetLock {
  /** Aborted when the session was lost, and the lock with it. */
  readonly lost: AbortSignal;
  readonly release: () => Promise<void>;
}

/**
 * Takes the lock of a target database, which need not exist.
 * @throws JobError `busy` while another restore has it; as `connectPostgres`
 */
export const lockTarget = async (
  context: Context,
  source: PostgresSource,
  live: string = source.database,
): Promise<TargetLock> => {
  const session = await connectMaintenance(context, source, [live]);
  const key = `restorable:${live}`;
  const { rows } = await session.query<{ got: boolean }>(
    "SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended($1, 0)) AS got",
    [key],
  );
  if (!rows[0]?.got) {
    await session.end().catch(() => undefined);
    throw new JobError(
      "busy",
      `another restore works on database '${live}' at ${source.host}:${source.port}`,
      "wait for its end and run again",
    );
  }
  const lost = new AbortController();
  let released = false;
  session.on("end", () => {
    if (!released) lost.abort(lostLock(source, live));
  });
  return {
    lost: lost.signal,
    release: async () => {
      released = true;
      await session.end().catch(() => undefined);
    },
  };
};

const lostLock = ({ host, port }: PostgresSource, live: string): JobError =>
  new JobError(
    "lease-lost",
    `the lock of database '${live}' at ${host}:${port} was lost with its connection`,
    "run `restorable resume`; it completes or undoes what was begun",
  );
