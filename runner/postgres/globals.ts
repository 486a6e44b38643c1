import { z } from "zod";
import { JobError } from "../../spec/index.ts";
import type { Session } from "./connect.ts";
import { quoteIdentifier, quoteLiteral } from "./identifier.ts";
import { databaseProperties, propertyStatements, readProperties } from "./properties.ts";
import {
  databaseRole,
  membership,
  membershipStatement,
  passwordsReadable,
  readMemberships,
  readRoles,
  roleStatements,
} from "./roles.ts";
import { serverOf } from "./snapshot.ts";

const tablespace = z.strictObject({ name: z.string(), owner: z.string(), location: z.string() });

/** What a database needs and its dump does not hold: roles, tablespaces, and the database's own properties. */
export const globals = z.strictObject({
  version: z.literal(1),
  serverMajor: z.number().int(),
  /** Whether the roles carry their password verifiers. */
  passwords: z.boolean(),
  properties: databaseProperties,
  roles: z.array(databaseRole),
  memberships: z.array(membership),
  tablespaces: z.array(tablespace),
});
export type Globals = z.infer<typeof globals>;

/** Reads them with our own queries, so that it works without a superuser; only passwords then stay out. */
export const readGlobals = async (session: Session): Promise<Globals> => {
  const properties = await readProperties(session, session.where.database);
  if (!properties) throw new Error(`${session.where.database} is not in its own server's list`);
  const { rows: tablespaces } = await session.query<z.infer<typeof tablespace>>(
    `SELECT spcname AS name, pg_catalog.pg_get_userbyid(spcowner) AS owner,
            pg_catalog.pg_tablespace_location(oid) AS location
       FROM pg_catalog.pg_tablespace WHERE spcname NOT LIKE 'pg\\_%' ORDER BY 1`,
  );
  return {
    version: 1,
    serverMajor: (await serverOf(session)).major,
    passwords: await passwordsReadable(session),
    properties,
    roles: [...(await readRoles(session))],
    memberships: [...(await readMemberships(session))],
    tablespaces,
  };
};

/** Starts the first line, which carries everything for a machine. */
const FIRST = "-- restorable: properties ";

/**
 * A script for a person with psql, whose first line carries the same for a machine. Every statement is one line, so a
 * line that starts with the marker is always ours.
 */
export const renderGlobals = (content: Globals): string => {
  const { properties, roles, memberships, tablespaces, serverMajor } = content;
  const section = (marker: string, statements: readonly string[]): string[] => [
    `-- restorable: ${marker}`,
    ...statements.map((statement) => `${statement};`),
    "",
  ];
  return [
    `${FIRST}${JSON.stringify(content)}`,
    "-- Run what is missing with psql as a superuser; what exists already gives an error that can be ignored.",
    ...(content.passwords ? [] : ["-- The dump's role could not read passwords: set them with \\password."]),
    "",
    ...tablespaces.flatMap(({ name, owner, location }) =>
      section(`tablespace ${JSON.stringify(name)}`, [
        `-- CREATE TABLESPACE ${quoteIdentifier(name)} OWNER ${quoteIdentifier(owner)} LOCATION ${quoteLiteral(location)}`,
      ]),
    ),
    ...roles.flatMap((role) => section(`role ${JSON.stringify(role.name)}`, roleStatements(role))),
    ...section(
      "memberships",
      memberships.map((entry) => membershipStatement(entry, serverMajor)),
    ),
    ...section(`database ${JSON.stringify(properties.database)}`, [
      `-- ${createDatabase(properties, properties.database)}`,
      ...propertyStatements(properties, properties.database),
    ]),
  ].join("\n");
};

/**
 * Reads such a script.
 * @throws JobError `corrupt` where its first line is not ours
 */
export const parseGlobals = (text: string): Globals => {
  const line = text.slice(0, text.indexOf("\n"));
  try {
    if (!line.startsWith(FIRST)) throw new Error("the first line is no properties line");
    return globals.parse(JSON.parse(line.slice(FIRST.length)));
  } catch (cause) {
    throw new JobError(
      "corrupt",
      `the stored roles and properties cannot be read: ${(cause as Error).message}`,
      "choose another point; the dump itself can still be restored by hand",
      { cause },
    );
  }
};

/** SQL that creates a database as empty as can be, with the encoding and collation of another. */
export const createDatabase = (properties: Globals["properties"], name: string, owner?: string): string => {
  const { encoding, collate, ctype, provider, locale, icuRules } = properties;
  return [
    `CREATE DATABASE ${quoteIdentifier(name)} WITH TEMPLATE template0 ENCODING ${quoteLiteral(encoding)}`,
    `LC_COLLATE ${quoteLiteral(collate)} LC_CTYPE ${quoteLiteral(ctype)}`,
    ...(provider === "libc" ? [] : [`LOCALE_PROVIDER ${provider}`]),
    ...(provider === "icu" && locale !== undefined ? [`ICU_LOCALE ${quoteLiteral(locale)}`] : []),
    ...(provider === "builtin" && locale !== undefined ? [`BUILTIN_LOCALE ${quoteLiteral(locale)}`] : []),
    ...(icuRules === undefined ? [] : [`ICU_RULES ${quoteLiteral(icuRules)}`]),
    ...(owner === undefined ? [] : [`OWNER ${quoteIdentifier(owner)}`]),
  ].join(" ");
};
