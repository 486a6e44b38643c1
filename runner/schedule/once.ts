import { ERROR_CODES, exitCode, type Plan, SCHEDULE_FILE, SECRETS_FILE } from "../../spec/index.ts";
import { failed } from "../world/failed.ts";
import { interruption } from "../world/interruption.ts";
import { options } from "./arguments.ts";
import type { CronSchedule } from "./next-run.ts";
import { now, processWorld } from "./process-world.ts";
import { runOnce } from "./run-once.ts";
import { readTold } from "./told.ts";

/**
 * `once [--file FILE] [--secrets FILE]`: one run of a plan, as its schedule would do it, for a CronJob. Results of its
 * jobs go to stdout, one line each; progress goes to stderr as NDJSON.
 * @returns 0 after a run that went well, otherwise the exit code of what failed
 */
export const once = async (args: readonly string[]): Promise<number> => {
  const started = now();
  try {
    const signal = interruption("the run");
    const { plan, secrets } = readTold(options(args, { file: SCHEDULE_FILE, secrets: SECRETS_FILE }));
    const { error } = await runOnce(processWorld(secrets, signal), plan as Plan & { readonly schedule: CronSchedule });
    return error === undefined ? 0 : ERROR_CODES[error.code].exit;
  } catch (error) {
    process.stdout.write(`${JSON.stringify(failed(error, "schedule", started, now()))}\n`);
    return exitCode(error);
  }
};
