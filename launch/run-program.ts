import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** How a program ended; `ok` only with exit code 0 in time. */
export interface ProgramEnd {
  readonly ok: boolean;
  /** One sentence with the end of what it printed. */
  readonly text: string;
}

/** Runs one program of the operator, such as one that stops the application. */
export type RunProgram = (argv: readonly string[], seconds: number) => Promise<ProgramEnd>;

/**
 * Runs programs on this machine, without a shell, in a session of their own: Ctrl-C in the launcher's terminal does not
 * reach an application that one of them starts. What they print goes to a file, because a pipe would break when the
 * launcher ends, and kill an application that still holds it.
 */
export const localProgram =
  (environment: Readonly<Record<string, string>>): RunProgram =>
  async (argv, seconds) => {
    const folder = mkdtempSync(path.join(tmpdir(), "restorable-program-"));
    const output = openSync(path.join(folder, "output"), "w+");
    // The open file is enough, and a killed launcher leaves no folder.
    rmSync(folder, { recursive: true, force: true });
    try {
      const [file = "", ...args] = argv;
      const child = spawn(file, args, { detached: true, env: environment, stdio: ["ignore", output, output] });
      const end = await ended(child, seconds);
      const printed = tail(output);
      return { ok: end === undefined, text: `${argv.join(" ")} ${end ?? "succeeded"}${printed ? `: ${printed}` : ""}` };
    } finally {
      closeSync(output);
    }
  };

/** Undefined when it ended well. */
const ended = (child: ChildProcess, seconds: number): Promise<string | undefined> =>
  new Promise((resolve) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      killGroup(child);
    }, seconds * 1000);
    const finish = (text: string | undefined) => {
      clearTimeout(timer);
      resolve(late ? `was ended after ${seconds} s` : text);
    };
    child.once("error", (error) => finish(`could not be started (${error.message})`));
    // Not `close`: an application that was started may hold the output for ever.
    child.once("exit", (code, signal) => {
      if (code === 0) finish(undefined);
      else finish(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`);
    });
  });

const killGroup = ({ pid }: ChildProcess): void => {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended in this moment.
  }
};

const tail = (file: number): string => {
  const size = fstatSync(file).size;
  const buffer = Buffer.alloc(Math.min(size, 1_000));
  readSync(file, buffer, 0, buffer.length, size - buffer.length);
  return buffer
    .toString("utf8")
    .trim()
    .replace(/\s*\n\s*/g, " | ");
};
