import type { PostgresSource } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { adminOf, type Session, withSession } from "./connect.ts";
import { roleNames } from "./create-roles.ts";
import { quoteIdentifier } from "./identifier.ts";
import { withMaintenance } from "./maintenance.ts";

/**
 * Makes the roles that an old dump names and the target lacks, for as long as it is being restored: they may not log in.
 * @returns their names
 */
export const inviteStrangers = async (session: Session, named: ReadonlySet<string>): Promise<readonly string[]> => {
  const existing = await roleNames(session);
  const missing = [...named].filter((role) => !existing.has(role) && !role.startsWith("pg_"));
  for (const role of missing) await session.query(`CREATE ROLE ${quoteIdentifier(role)} NOLOGIN`);
  return missing;
};

/** Gives what they own to the plan's own role and removes them; so nothing of another system's roles stays. */
export const dismissStrangers = async (
  context: Context,
  source: PostgresSource,
  database: string,
  strangers: readonly string[],
): Promise<readonly string[]> => {
  if (strangers.length === 0) return [];
  const { user } = source.login;
  const names = strangers.map(quoteIdentifier).join(", ");
  await withSession(context, source, adminOf(source), database, async (session) => {
    await session.query(`REASSIGN OWNED BY ${names} TO ${quoteIdentifier(user)}`);
    await session.query(`DROP OWNED BY ${names}`);
  });
  await withMaintenance(context, source, [database], (session) => session.query(`DROP ROLE ${names}`));
  return [
    `the dump names roles that are not here (${strangers.join(", ")}): what was theirs belongs to '${user}', and what was granted to them is not`,
  ];
};
