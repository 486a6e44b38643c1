import { z } from "zod";
import type { Session } from "./connect.ts";
import { quoteIdentifier, quoteLiteral } from "./identifier.ts";
import { RESTORING } from "./restoring.ts";
import { settingClause } from "./setting.ts";

const grant = z.strictObject({
  /** Absent: everybody. */
  grantee: z.string().optional(),
  privilege: z.enum(["CONNECT", "CREATE", "TEMPORARY"]),
  grantable: z.boolean(),
});

const databaseSetting = z.strictObject({
  /** Absent: for every role. */
  role: z.string().optional(),
  name: z.string(),
  value: z.string(),
});

/** What belongs to a database's name and is in no dump of its contents. */
export const databaseProperties = z.strictObject({
  database: z.string(),
  owner: z.string(),
  encoding: z.string(),
  collate: z.string(),
  ctype: z.string(),
  provider: z.enum(["libc", "icu", "builtin"]),
  /** Of the providers icu and builtin. */
  locale: z.string().optional(),
  icuRules: z.string().optional(),
  tablespace: z.string(),
  template: z.boolean(),
  allowConnections: z.boolean(),
  /** -1: no limit */
  connectionLimit: z.number().int(),
  comment: z.string().optional(),
  grants: z.array(grant),
  settings: z.array(databaseSetting),
});
export type DatabaseProperties = z.infer<typeof databaseProperties>;

const PROVIDERS: Record<string, DatabaseProperties["provider"]> = { c: "libc", i: "icu", b: "builtin" };

interface Row {
  /** The whole row of pg_database: its columns differ between majors. */
  readonly row: Record<string, unknown>;
  readonly owner: string;
  readonly encoding: string;
  readonly tablespace: string;
  readonly comment: string | null;
}

/** Reads them from any database of the server; undefined where there is no such database. */
export const readProperties = async (session: Session, database: string): Promise<DatabaseProperties | undefined> => {
  const { rows } = await session.query<Row>(
    `SELECT pg_catalog.to_jsonb(d) AS row, pg_catalog.pg_get_userbyid(d.datdba) AS owner,
            pg_catalog.pg_encoding_to_char(d.encoding) AS encoding, t.spcname AS tablespace,
            pg_catalog.shobj_description(d.oid, 'pg_database') AS comment
       FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace
      WHERE d.datname = $1`,
    [database],
  );
  const [found] = rows;
  if (!found) return undefined;
  const { row, owner, encoding, tablespace, comment } = found;
  const locale = row.datlocale ?? row.daticulocale;
  return databaseProperties.parse({
    database,
    owner,
    encoding,
    collate: row.datcollate,
    ctype: row.datctype,
    provider: PROVIDERS[String(row.datlocprovider ?? "c")],
    ...(locale ? { locale } : {}),
    ...(row.daticurules ? { icuRules: row.daticurules } : {}),
    tablespace,
    template: row.datistemplate,
    allowConnections: row.datallowconn,
    connectionLimit: row.datconnlimit,
    ...(comment === null ? {} : { comment }),
    grants: await readGrants(session, database),
    settings: await readSettings(session, database),
  });
};

const readGrants = async (session: Session, database: string): Promise<unknown[]> => {
  const { rows } = await session.query<{ grantee: string | null; privilege: string; grantable: boolean }>(
    `SELECT CASE WHEN a.grantee <> 0 THEN pg_catalog.pg_get_userbyid(a.grantee) END AS grantee,
            a.privilege_type AS privilege, a.is_grantable AS grantable
       FROM pg_catalog.pg_database d,
            pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
      WHERE d.datname = $1 ORDER BY 1 NULLS FIRST, 2`,
    [database],
  );
  return rows.map(({ grantee, ...rest }) => ({ ...(grantee === null ? {} : { grantee }), ...rest }));
};

const readSettings = async (session: Session, database: string): Promise<unknown[]> => {
  const { rows } = await session.query<{ role: string | null; setting: string }>(
    `SELECT r.rolname AS role, c.setting
       FROM pg_catalog.pg_db_role_setting s
       JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
       LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole,
            pg_catalog.unnest(s.setconfig) WITH ORDINALITY c (setting, position)
      WHERE d.datname = $1 AND c.setting NOT LIKE $2 ORDER BY 1 NULLS FIRST, c.position`,
    // A database that somebody left in this mode must not hand it on to the one that takes its place.
    [database, `${RESTORING}=%`],
  );
  return rows.map(({ role, setting }) => {
    const at = setting.indexOf("=");
    return { ...(role === null ? {} : { role }), name: setting.slice(0, at), value: setting.slice(at + 1) };
  });
};

/** The roles that replaying needs. */
export const propertyRoles = ({ owner, grants, settings }: DatabaseProperties): readonly string[] => [
  ...new Set([owner, ...grants.flatMap(({ grantee }) => grantee ?? []), ...settings.flatMap(({ role }) => role ?? [])]),
];

/** Leaves out what names a role that `has` does not know. */
export const withKnownRoles = (
  properties: DatabaseProperties,
  has: (role: string) => boolean,
  owner: string,
): DatabaseProperties => ({
  ...properties,
  owner: has(properties.owner) ? properties.owner : owner,
  grants: properties.grants.filter(({ grantee }) => grantee === undefined || has(grantee)),
  settings: properties.settings.filter(({ role }) => role === undefined || has(role)),
});

/**
 * SQL that gives a database of this name exactly these properties, each statement allowed inside a transaction.
 * Encoding and collation are not among them: those are fixed when a database is created.
 */
export const propertyStatements = (properties: DatabaseProperties, name: string): readonly string[] => {
  const database = quoteIdentifier(name);
  const { owner, grants, settings, comment, template, allowConnections, connectionLimit } = properties;
  return [
    `ALTER DATABASE ${database} OWNER TO ${quoteIdentifier(owner)}`,
    `REVOKE ALL ON DATABASE ${database} FROM PUBLIC, ${quoteIdentifier(owner)}`,
    ...grants.map(
      ({ grantee, privilege, grantable }) =>
        `GRANT ${privilege} ON DATABASE ${database} TO ${grantee === undefined ? "PUBLIC" : quoteIdentifier(grantee)}${grantable ? " WITH GRANT OPTION" : ""}`,
    ),
    `ALTER DATABASE ${database} RESET ALL`,
    ...settings.map(({ role, name: setting, value }) => {
      const subject =
        role === undefined
          ? `ALTER DATABASE ${database}`
          : `ALTER ROLE ${quoteIdentifier(role)} IN DATABASE ${database}`;
      return `${subject} SET ${settingClause(setting, value)}`;
    }),
    `COMMENT ON DATABASE ${database} IS ${comment === undefined ? "NULL" : quoteLiteral(comment)}`,
    `ALTER DATABASE ${database} WITH ALLOW_CONNECTIONS ${allowConnections} CONNECTION LIMIT ${connectionLimit} IS_TEMPLATE ${template}`,
  ];
};

/** The statements for a live database, as the journal keeps them; none where there is no such database. */
export const describeProperties = async (session: Session, database: string): Promise<readonly string[]> => {
  const properties = await readProperties(session, database);
  return properties ? propertyStatements(properties, database) : [];
};
