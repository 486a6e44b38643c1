import type { PostgresSource } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { dropDatabase } from "./drop-database.ts";
import { type RestoreRequest, restoreBeside } from "./restore-beside.ts";

/**
 * Drops the live database and makes it again under the same name, for targets without room for two copies. The caller
 * has a verified safety backup and has the live database's `properties` in its journal; until they are replayed only
 * the admin and superusers get in. May be called again after a kill: it then begins anew.
 * @returns notes for the record
 * @throws JobError as `restoreBeside`; the database then stays closed and unfinished until it is restored again
 */
export const restoreInPlace = async (
  context: Context,
  source: PostgresSource,
  request: RestoreRequest,
): Promise<readonly string[]> => {
  const { database, target } = request;
  await dropDatabase(context, source, database);
  // A superuser can give everything its owner later; anybody else has to be that owner while restoring.
  return restoreBeside(context, source, target.admin.superuser ? { ...request, owner: target.admin.user } : request);
};
