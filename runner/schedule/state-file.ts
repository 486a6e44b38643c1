import { readFile, rename, writeFile } from "node:fs/promises";
import { type SchedulerState, schedulerState } from "../../spec/index.ts";

/** Writes a scheduler's state, whole or not at all: the healthcheck may read it just now. */
export const saveState =
  (file: string) =>
  async (state: SchedulerState): Promise<void> => {
    await writeFile(`${file}.new`, `${JSON.stringify(state)}\n`);
    await rename(`${file}.new`, file);
  };

/** A scheduler's state; undefined where none was written yet. */
export const readState = async (file: string): Promise<SchedulerState | undefined> => {
  try {
    return schedulerState.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
};
