import { exitCode, SCHEDULE_FILE, SECRETS_FILE, STATE_FILE } from "../../spec/index.ts";
import { failed } from "../world/failed.ts";
import { interruption } from "../world/interruption.ts";
import { options } from "./arguments.ts";
import { containerView, networkWatch } from "./network.ts";
import { now, processWorld } from "./process-world.ts";
import { runScheduler } from "./scheduler.ts";
import { saveState } from "./state-file.ts";
import { readTold } from "./told.ts";

/**
 * `schedule [--file FILE] [--secrets FILE] [--state FILE]`: runs a plan by its schedule until SIGTERM. Results of its
 * jobs go to stdout, one line each; progress goes to stderr as NDJSON.
 * @returns 0 when it was told to stop, otherwise the exit code of what ended it
 */
export const schedule = async (args: readonly string[]): Promise<number> => {
  const started = now();
  try {
    const signal = interruption("the scheduler");
    const files = options(args, { file: SCHEDULE_FILE, secrets: SECRETS_FILE, state: STATE_FILE });
    const { plan, secrets } = readTold(files);
    const watch = plan.target.kind === "docker" && plan.target.network.kind === "container";
    await runScheduler(
      {
        ...processWorld(secrets, signal),
        save: saveState(files.state),
        network: watch ? networkWatch(containerView) : () => "joined",
      },
      plan,
    );
    return 0;
  } catch (error) {
    process.stdout.write(`${JSON.stringify(failed(error, "schedule", started, now()))}\n`);
    return exitCode(error);
  }
};
