import { link } from "node:fs/promises";
import { isTaken } from "./directory-error.ts";

/** Gives a finished file a name that nobody else has; false when somebody has it. The kernel decides who is first. */
export const linkNew = async (finished: string, name: string): Promise<boolean> => {
  try {
    await link(finished, name);
    return true;
  } catch (error) {
    if (isTaken(error)) return false;
    throw error;
  }
};
