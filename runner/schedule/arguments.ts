import { parseArgs } from "node:util";
import { JobError } from "../../spec/index.ts";

/**
 * Options of a mode, each with a file's path: `--file PATH`.
 * @throws JobError `bad-spec` for one that is not known
 */
export const options = <T extends Readonly<Record<string, string>>>(args: readonly string[], defaults: T): T => {
  const known = Object.fromEntries(Object.keys(defaults).map((name) => [name, { type: "string" } as const]));
  try {
    return { ...defaults, ...parseArgs({ args: [...args], options: known }).values } as T;
  } catch (error) {
    const names = Object.keys(defaults).map((name) => `--${name} FILE`);
    throw new JobError(
      "bad-spec",
      error instanceof Error ? error.message : String(error),
      `known: ${names.join(", ")}`,
    );
  }
};
