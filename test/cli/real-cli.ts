import path from "node:path";
import { execa } from "execa";

const MAIN = path.resolve(import.meta.dirname, "../../cli/main.ts");

/** Runs the real command as its own process, with nothing in its environment but what is given. */
export const restorable = async (
  args: readonly string[],
  { env = {}, cwd }: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
) => {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ...env },
    extendEnv: false,
    reject: false,
    ...(cwd === undefined ? {} : { cwd }),
  });
  return { exit: exitCode, out: stdout, err: stderr, json: () => JSON.parse(stdout) };
};
