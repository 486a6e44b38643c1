import { STATE_FILE } from "../../spec/index.ts";
import { options } from "./arguments.ts";
import { silence } from "./health.ts";
import { readState } from "./state-file.ts";

/** `alive [--state FILE]`: what may end a scheduler. Exits 1 for one that is stuck or has not begun, and 0 whatever its last run did. */
export const alive = async (args: readonly string[]): Promise<number> => {
  const { state } = options(args, { state: STATE_FILE });
  const text = silence(await readState(state), new Date());
  if (text !== undefined) process.stdout.write(`${text}\n`);
  return text === undefined ? 0 : 1;
};
