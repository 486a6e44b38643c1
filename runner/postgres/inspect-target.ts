import type { PostgresSource } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { adminOf, type Session, withSession } from "./connect.ts";
import { freeBytes } from "./free-bytes.ts";
import { databaseNames, withMaintenance } from "./maintenance.ts";
import { type DatabaseProperties, readProperties } from "./properties.ts";
import { one, serverOf } from "./snapshot.ts";

/** What a restore must know about the server and the live database before it touches anything. */
export interface TargetFacts {
  readonly version: string;
  readonly major: number;
  readonly systemIdentifier?: string | undefined;
  /** Names of all databases. */
  readonly databases: ReadonlySet<string>;
  /** Versions that can be created, by extension. */
  readonly extensions: ReadonlyMap<string, ReadonlySet<string>>;
  readonly admin: {
    readonly user: string;
    readonly superuser: boolean;
    readonly createDatabase: boolean;
    readonly createRole: boolean;
    /** Roles that the admin may act as. */
    readonly memberOf: ReadonlySet<string>;
    /** Whether it may end other roles' sessions. */
    readonly signals: boolean;
  };
  /** Absent where the live name is free. */
  readonly live?: LiveFacts;
  /** The only database that pg_cron may be created in, where the server has pg_cron. */
  readonly cronDatabase?: string;
  /** Libraries that the server loads at its start, where this role may ask. */
  readonly preloaded?: readonly string[];
  /** `apache` or `timescale`, where the server has TimescaleDB loaded. */
  readonly timescaleLicense?: string;
  /** Bytes free where the server keeps its data, where that can be known. */
  readonly freeBytes?: number;
  /** Bytes of WAL that replication slots keep. */
  readonly heldWalBytes: number;
}

export interface LiveFacts {
  readonly properties: DatabaseProperties;
  readonly bytes: number;
  readonly logicalSlots: readonly string[];
  readonly subscriptions: readonly string[];
  readonly preparedTransactions: readonly string[];
  readonly cron: boolean;
}

/**
 * Looks at the target of a restore as its admin; changes nothing.
 * @throws JobError as `connectPostgres`
 */
export const inspectTarget = async (
  context: Context,
  source: PostgresSource,
  live: string = source.database,
): Promise<TargetFacts> => {
  const facts = await withMaintenance<TargetFacts>(context, source, [live], async (session) => {
    const bytes = await freeBytes(session, source.host);
    const found = await liveFacts(session, live);
    const { cron } = await one<{ cron: string | null }>(
      session,
      "SELECT pg_catalog.current_setting('cron.database_name', true) AS cron",
    );
    return {
      ...(await serverOf(session)),
      databases: await databaseNames(session),
      extensions: await availableExtensions(session),
      admin: await adminFacts(session),
      heldWalBytes: await heldWal(session),
      ...(cron === null ? {} : { cronDatabase: cron }),
      ...(await timescaleFacts(session)),
      ...(bytes === undefined ? {} : { freeBytes: bytes }),
      ...(found ? { live: found } : {}),
    };
  });
  if (!facts.live?.properties.allowConnections) return facts;
  const cron = await withSession(context, source, adminOf(source), live, hasCron);
  return { ...facts, live: { ...facts.live, cron } };
};

const availableExtensions = async (session: Session): Promise<TargetFacts["extensions"]> => {
  const { rows } = await session.query<{ name: string; versions: string[] }>(
    `SELECT name::pg_catalog.text, pg_catalog.array_agg(version) AS versions
       FROM pg_catalog.pg_available_extension_versions GROUP BY 1`,
  );
  return new Map(rows.map(({ name, versions }) => [name, new Set(versions)]));
};

/** Settings that a role may not see, or that no library has defined, are no rows. */
const timescaleFacts = async (session: Session): Promise<Pick<TargetFacts, "preloaded" | "timescaleLicense">> => {
  const { rows } = await session.query<{ name: string; setting: string }>(
    `SELECT name, setting FROM pg_catalog.pg_settings
      WHERE name IN ('shared_preload_libraries', 'timescaledb.license')`,
  );
  const { shared_preload_libraries: libraries, "timescaledb.license": license } = Object.fromEntries(
    rows.map(({ name, setting }) => [name, setting]),
  );
  return {
    ...(libraries === undefined
      ? {}
      : { preloaded: libraries.split(",").map((name) => name.trim().replaceAll('"', "")) }),
    ...(license === undefined ? {} : { timescaleLicense: license }),
  };
};

const adminFacts = async (session: Session): Promise<TargetFacts["admin"]> => {
  const { rows } = await session.query<{ rolname: string }>(
    "SELECT rolname FROM pg_catalog.pg_roles WHERE pg_catalog.pg_has_role(oid, 'MEMBER')",
  );
  const role = await one<{ superuser: boolean; createDatabase: boolean; createRole: boolean }>(
    session,
    `SELECT rolsuper AS superuser, rolcreatedb AS "createDatabase", rolcreaterole AS "createRole"
       FROM pg_catalog.pg_roles WHERE rolname = current_user`,
  );
  const memberOf = new Set(rows.map(({ rolname }) => rolname));
  return {
    user: session.where.user,
    superuser: role.superuser,
    createDatabase: role.superuser || role.createDatabase,
    createRole: role.superuser || role.createRole,
    memberOf,
    signals: role.superuser || memberOf.has("pg_signal_backend"),
  };
};

const liveFacts = async (session: Session, live: string): Promise<LiveFacts | undefined> => {
  const properties = await readProperties(session, live);
  if (!properties) return undefined;
  const names = async (sql: string): Promise<readonly string[]> =>
    (await session.query<{ name: string }>(sql, [live])).rows.map(({ name }) => name);
  const size = await one<{ bytes: string }>(
    session,
    `SELECT CASE WHEN pg_catalog.has_database_privilege(oid, 'CONNECT')
                   OR pg_catalog.pg_has_role('pg_read_all_stats', 'MEMBER')
                 THEN pg_catalog.pg_database_size(oid) ELSE 0 END AS bytes
       FROM pg_catalog.pg_database WHERE datname = $1`,
    [live],
  );
  return {
    properties,
    bytes: Number(size.bytes),
    logicalSlots: await names(
      "SELECT slot_name AS name FROM pg_catalog.pg_replication_slots WHERE slot_type = 'logical' AND database = $1",
    ),
    subscriptions: await names(
      `SELECT s.subname AS name FROM pg_catalog.pg_subscription s
         JOIN pg_catalog.pg_database d ON d.oid = s.subdbid WHERE d.datname = $1`,
    ),
    preparedTransactions: await names("SELECT gid AS name FROM pg_catalog.pg_prepared_xacts WHERE database = $1"),
    cron: false,
  };
};

const hasCron = async (session: Session): Promise<boolean> => {
  const { rows } = await session.query("SELECT FROM pg_catalog.pg_extension WHERE extname = 'pg_cron'");
  return rows.length > 0;
};

const heldWal = async (session: Session): Promise<number> => {
  const { rows } = await session.query<{ bytes: string | null }>(
    `SELECT max(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), restart_lsn)) AS bytes
       FROM pg_catalog.pg_replication_slots WHERE NOT pg_catalog.pg_is_in_recovery()`,
  );
  return Number(rows[0]?.bytes ?? 0);
};
