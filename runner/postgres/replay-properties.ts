import type { PostgresSource } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { adminOf, inTransaction } from "./connect.ts";
import { roleNames } from "./create-roles.ts";
import type { Globals } from "./globals.ts";
import { withMaintenance } from "./maintenance.ts";
import { describeProperties, propertyStatements, withKnownRoles } from "./properties.ts";

/** Gives a database its properties and lets connections in: the last step of a restore that swaps nothing. */
export const replayProperties = (
  context: Context,
  source: PostgresSource,
  database: string,
  properties: readonly string[],
): Promise<void> =>
  withMaintenance(context, source, [database], (session) =>
    inTransaction(session, async () => {
      for (const statement of properties) await session.query(statement);
    }),
  );

/** The stored properties as SQL for a database of this name, without what names roles that the target lacks. */
export const storedProperties = (
  context: Context,
  source: PostgresSource,
  { properties }: Globals,
  database: string,
): Promise<readonly string[]> =>
  withMaintenance(context, source, [database], async (session) => {
    const roles = await roleNames(session);
    const known = withKnownRoles(properties, (role) => roles.has(role), adminOf(source).user);
    return propertyStatements({ ...known, allowConnections: true, template: false }, database);
  });

/** The properties of a live database as SQL, for the journal; none where there is no such database. */
export const liveProperties = (context: Context, source: PostgresSource, live: string): Promise<readonly string[]> =>
  withMaintenance(context, source, [live], (session) => describeProperties(session, live));
