import { setTimeout as wait } from "node:timers/promises";
import { JobError, type PostgresSource } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { connectMaintenance } from "./maintenance.ts";

const TRIES = 60;
const EVERY_MS = 500;

/**
 * Waits up to half a minute until the server lets the admin in: what stops the application may stop its server too,
 * which was started again only just now.
 * @throws JobError as `connectPostgres`
 */
export const untilReachable = async (
  context: Context,
  source: PostgresSource,
  except: readonly string[],
): Promise<void> => {
  for (let tries = 1; ; tries += 1) {
    try {
      await (await connectMaintenance(context, source, except)).end();
      return;
    } catch (error) {
      if (!(error instanceof JobError && error.code === "database-unreachable") || tries === TRIES) throw error;
      await wait(EVERY_MS, undefined, { signal: context.signal });
    }
  }
};
