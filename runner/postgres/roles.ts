import { z } from "zod";
import type { Session } from "./connect.ts";
import { quoteIdentifier, quoteLiteral } from "./identifier.ts";
import { settingClause } from "./setting.ts";

export const databaseRole = z.strictObject({
  name: z.string(),
  superuser: z.boolean(),
  inherit: z.boolean(),
  createRole: z.boolean(),
  createDatabase: z.boolean(),
  login: z.boolean(),
  replication: z.boolean(),
  bypassRls: z.boolean(),
  /** -1: no limit */
  connectionLimit: z.number().int(),
  validUntil: z.string().optional(),
  /** The verifier as the server keeps it, where it may be read. */
  password: z.string().optional(),
  comment: z.string().optional(),
  settings: z.array(z.strictObject({ name: z.string(), value: z.string() })),
  /** Whether something in the database belongs to it or is granted to it. */
  used: z.boolean(),
});
export type DatabaseRole = z.infer<typeof databaseRole>;

export const membership = z.strictObject({
  group: z.string(),
  member: z.string(),
  admin: z.boolean(),
  /** Since 16. */
  inherit: z.boolean().optional(),
  /** Since 16. */
  set: z.boolean().optional(),
});
export type Membership = z.infer<typeof membership>;

interface Row {
  readonly row: Record<string, unknown>;
  readonly until: string | null;
  readonly comment: string | null;
  readonly settings: string[] | null;
  readonly used: boolean;
}

/**
 * The server's own roles have reserved names. The one that made the cluster is not left out: in container images it
 * carries the application's name, and a target may have been made by another one.
 */
const OWN = "r.rolname LIKE 'pg\\_%'";

/** Whether password verifiers may be read: normally only by superusers. */
export const passwordsReadable = async (session: Session): Promise<boolean> => {
  const { rows } = await session.query<{ may: boolean }>(
    "SELECT pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT') AS may",
  );
  return rows[0]?.may ?? false;
};

/** Every role of the server but the server's own. */
export const readRoles = async (session: Session): Promise<readonly DatabaseRole[]> => {
  const table = (await passwordsReadable(session)) ? "pg_authid" : "pg_roles";
  const { rows } = await session.query<Row>(
    `SELECT pg_catalog.to_jsonb(r) AS row, r.rolvaliduntil::pg_catalog.text AS until,
            pg_catalog.shobj_description(r.oid, 'pg_authid') AS comment,
            (SELECT s.setconfig FROM pg_catalog.pg_db_role_setting s
              WHERE s.setrole = r.oid AND s.setdatabase = 0) AS settings,
            EXISTS (SELECT FROM pg_catalog.pg_shdepend d
                     WHERE d.refobjid = r.oid AND d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
                       AND d.dbid = (SELECT oid FROM pg_catalog.pg_database
                                      WHERE datname = pg_catalog.current_database())) AS used
       FROM pg_catalog.${table} r WHERE NOT ${OWN} ORDER BY r.rolname COLLATE pg_catalog."C"`,
  );
  return rows.map(roleOfRow);
};

const roleOfRow = ({ row, until, comment, settings, used }: Row): DatabaseRole => {
  const password = row.rolpassword;
  return databaseRole.parse({
    name: row.rolname,
    superuser: row.rolsuper,
    inherit: row.rolinherit,
    createRole: row.rolcreaterole,
    createDatabase: row.rolcreatedb,
    login: row.rolcanlogin,
    replication: row.rolreplication,
    bypassRls: row.rolbypassrls,
    connectionLimit: row.rolconnlimit,
    ...(until === null ? {} : { validUntil: until }),
    ...(typeof password === "string" && !/^\*+$/.test(password) ? { password } : {}),
    ...(comment === null ? {} : { comment }),
    settings: (settings ?? []).map((setting) => {
      const at = setting.indexOf("=");
      return { name: setting.slice(0, at), value: setting.slice(at + 1) };
    }),
    used,
  });
};

/** Who is in which group, but for groups that only the server's own roles are in. */
export const readMemberships = async (session: Session): Promise<readonly Membership[]> => {
  const { rows } = await session.query<{ row: Record<string, unknown>; group: string; member: string }>(
    `SELECT pg_catalog.to_jsonb(m) AS row, g.rolname AS group, r.rolname AS member
       FROM pg_catalog.pg_auth_members m
       JOIN pg_catalog.pg_roles g ON g.oid = m.roleid JOIN pg_catalog.pg_roles r ON r.oid = m.member
      WHERE NOT ${OWN} ORDER BY 2, 3`,
  );
  return rows.map(({ row, group, member }) =>
    membership.parse({
      group,
      member,
      admin: row.admin_option,
      ...(row.inherit_option === undefined ? {} : { inherit: row.inherit_option, set: row.set_option }),
    }),
  );
};

/** SQL that makes a role as it was. */
export const roleStatements = (role: DatabaseRole): readonly string[] => {
  const name = quoteIdentifier(role.name);
  const flag = (on: boolean, word: string): string => (on ? word : `NO${word}`);
  const attributes = [
    flag(role.superuser, "SUPERUSER"),
    flag(role.inherit, "INHERIT"),
    flag(role.createRole, "CREATEROLE"),
    flag(role.createDatabase, "CREATEDB"),
    flag(role.login, "LOGIN"),
    flag(role.replication, "REPLICATION"),
    flag(role.bypassRls, "BYPASSRLS"),
    `CONNECTION LIMIT ${role.connectionLimit}`,
    ...(role.validUntil === undefined ? [] : [`VALID UNTIL ${quoteLiteral(role.validUntil)}`]),
    ...(role.password === undefined ? [] : [`PASSWORD ${quoteLiteral(role.password)}`]),
  ];
  return [
    `CREATE ROLE ${name} WITH ${attributes.join(" ")}`,
    ...role.settings.map(({ name: setting, value }) => `ALTER ROLE ${name} SET ${settingClause(setting, value)}`),
    ...(role.comment === undefined ? [] : [`COMMENT ON ROLE ${name} IS ${quoteLiteral(role.comment)}`]),
  ];
};

/** SQL that puts a member into a group, in the words of the target's major. */
export const membershipStatement = ({ group, member, admin, inherit, set }: Membership, major: number): string => {
  const options =
    major >= 16 && inherit !== undefined
      ? ` WITH ADMIN ${upper(admin)}, INHERIT ${upper(inherit)}, SET ${upper(set ?? true)}`
      : admin
        ? " WITH ADMIN OPTION"
        : "";
  return `GRANT ${quoteIdentifier(group)} TO ${quoteIdentifier(member)}${options}`;
};

const upper = (value: boolean): string => String(value).toUpperCase();
