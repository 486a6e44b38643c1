import { access, constants } from "node:fs/promises";
import path from "node:path";

/** Whether a program is on the PATH. */
export async function hasProgram(name: string): Promise<boolean> {
  for (const directory of (process.env.PATH ?? "").split(":")) {
    try {
      await access(path.join(directory, name), constants.X_OK);
      return true;
    } catch {}
  }
  return false;
}
