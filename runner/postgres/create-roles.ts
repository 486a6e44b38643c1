import { JobError } from "../../spec/index.ts";
import type { Session } from "./connect.ts";
import { inTransaction } from "./connect.ts";
import type { Globals } from "./globals.ts";
import { propertyRoles } from "./properties.ts";
import { type DatabaseRole, membershipStatement, roleStatements } from "./roles.ts";

/** The names of all roles of a server. */
export const roleNames = async (session: Session): Promise<ReadonlySet<string>> => {
  const { rows } = await session.query<{ rolname: string }>("SELECT rolname FROM pg_catalog.pg_roles");
  return new Set(rows.map(({ rolname }) => rolname));
};

/**
 * Creates the roles that the target lacks, with what they had; a role that exists is not changed in any way.
 * @returns what was done and left out, for the record
 * @throws JobError `too-few-rights` where a role that the database needs cannot be created
 */
export const createMissingRoles = async (
  session: Session,
  globals: Globals,
  major: number,
): Promise<readonly string[]> => {
  const existing = await roleNames(session);
  const needed = new Set([
    ...propertyRoles(globals.properties),
    ...globals.roles.filter(({ used }) => used).map(({ name }) => name),
  ]);
  const notes: string[] = [];
  const created = new Set<string>();
  for (const role of globals.roles.filter(({ name }) => !existing.has(name))) {
    const refusal = await attempt(session, roleStatements(role));
    if (refusal === undefined) {
      created.add(role.name);
      notes.push(`created the role '${role.name}'${passwordNote(role)}`);
    } else if (needed.has(role.name)) throw cannotCreate(session, role, refusal);
    else notes.push(`did not create the role '${role.name}', which the database does not use: ${refusal}`);
  }
  notes.push(...(await joinGroups(session, globals, created, major)));
  return notes;
};

const passwordNote = ({ login, password }: DatabaseRole): string =>
  login && password === undefined ? " without a password, because the backup could not read it: set one" : "";

/** Only for new members: a group that an existing role is put into would change that role. */
const joinGroups = async (
  session: Session,
  { memberships }: Globals,
  created: ReadonlySet<string>,
  major: number,
): Promise<readonly string[]> => {
  const notes: string[] = [];
  for (const entry of memberships) {
    if (!created.has(entry.member) && !created.has(entry.group)) continue;
    if (!created.has(entry.member)) {
      notes.push(`did not put the existing role '${entry.member}' into the new group '${entry.group}'`);
      continue;
    }
    const refusal = await attempt(session, [membershipStatement(entry, major)]);
    if (refusal !== undefined) notes.push(`did not put '${entry.member}' into '${entry.group}': ${refusal}`);
  }
  return notes;
};

/** @returns why it was refused; undefined where it was done */
const attempt = async (session: Session, statements: readonly string[]): Promise<string | undefined> => {
  try {
    await inTransaction(session, async () => {
      for (const statement of statements) await session.query(statement);
    });
    return undefined;
  } catch (error) {
    if (!/^[0-9A-Z]{5}$/.test((error as { code?: string }).code ?? "")) throw error; // no answer of the server's
    return (error as Error).message;
  }
};

const cannotCreate = ({ where }: Session, { name }: DatabaseRole, refusal: string): JobError =>
  new JobError(
    "too-few-rights",
    `the target lacks the role '${name}', which the database needs, and '${where.user}' could not create it: ${refusal}`,
    "create the role, or name an 'admin' login that may; the live data were not touched",
  );
