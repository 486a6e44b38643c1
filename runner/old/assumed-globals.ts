import type { PostgresSource } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import type { Globals } from "../postgres/globals.ts";
import { withMaintenance } from "../postgres/maintenance.ts";
import { readProperties } from "../postgres/properties.ts";
import { serverOf } from "../postgres/snapshot.ts";

/**
 * What an old dump says nothing about: the database belongs to the plan's own role, which is created where it is
 * missing, and has the encoding and collation that the server gives to a new one.
 */
export const assumedGlobals = (context: Context, source: PostgresSource): Promise<Globals> =>
  withMaintenance(context, source, [source.database], async (session) => {
    const { user } = source.login;
    const properties = await readProperties(session, "template1");
    if (!properties) throw new Error("the server has no template1");
    const { comment: _, ...plain } = properties;
    return {
      version: 1,
      serverMajor: (await serverOf(session)).major,
      passwords: false,
      properties: {
        ...plain,
        database: source.database,
        owner: user,
        template: false,
        allowConnections: true,
        connectionLimit: -1,
        grants: [
          { privilege: "CONNECT", grantable: false },
          { privilege: "TEMPORARY", grantable: false },
          { grantee: user, privilege: "CREATE", grantable: false },
          { grantee: user, privilege: "CONNECT", grantable: false },
          { grantee: user, privilege: "TEMPORARY", grantable: false },
        ],
        settings: [],
      },
      roles: [{ name: user, login: true, inherit: true, ...PLAIN, connectionLimit: -1, settings: [], used: true }],
      memberships: [],
      tablespaces: [],
    };
  });

const PLAIN = { superuser: false, createRole: false, createDatabase: false, replication: false, bypassRls: false };
