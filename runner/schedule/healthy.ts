import { STATE_FILE } from "../../spec/index.ts";
import { options } from "./arguments.ts";
import { health } from "./health.ts";
import { readState } from "./state-file.ts";

/** `healthy [--state FILE]`: prints one sentence. Exits 0 for a healthy scheduler and 1 for any other, as a healthcheck does. */
export const healthy = async (args: readonly string[]): Promise<number> => {
  const { state } = options(args, { state: STATE_FILE });
  const { healthy: well, text } = health(await readState(state), new Date());
  process.stdout.write(`${text}\n`);
  return well ? 0 : 1;
};
