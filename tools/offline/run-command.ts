import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { CommandInputs, CommandOutputs } from "./command-inputs.ts";

/** The direct children that run now, for a cancel. */
export const running = new Set<ChildProcess>();

/**
 * Runs one command text the way the official provider does: the provider's own environment underneath, `interpreter`
 * (default `/bin/sh -c`) with the text as its last argument, `stdin` if there is one, both outputs collected.
 * Throws with the text and all output when it does not exit with 0; a state is then not written.
 *
 * @param previous outputs of the last run, handed over in the environment unless `addPreviousOutputInEnv` is false
 */
export async function runCommand(
  text: string,
  inputs: CommandInputs,
  previous: CommandOutputs | undefined,
  show: (line: string) => void,
): Promise<CommandOutputs> {
  const [program = "/bin/sh", ...args] = inputs.interpreter ?? ["/bin/sh", "-c"];
  const child = spawn(program, [...args, text], { cwd: inputs.dir, env: environment(inputs, previous), stdio: "pipe" });
  running.add(child);
  const logging = inputs.logging ?? "stdoutAndStderr";
  const both: string[] = [];
  const stdout = collect(child.stdout, both, /stdout/i.test(logging) ? show : undefined);
  const stderr = collect(child.stderr, both, /stderr/i.test(logging) ? show : undefined);
  // A command that does not read its stdin closes it early; that is no failure.
  child.stdin.on("error", () => {});
  child.stdin.end(inputs.stdin ?? "");
  const failure = await ended(child);
  running.delete(child);
  if (failure !== undefined) throw new Error(`${failure}: running ${JSON.stringify(text)}:\n${both.join("\n")}`);
  return { stdout: await stdout, stderr: await stderr };
}

function environment(inputs: CommandInputs, previous: CommandOutputs | undefined): NodeJS.ProcessEnv {
  const handedOver =
    previous && inputs.addPreviousOutputInEnv !== false
      ? { PULUMI_COMMAND_STDOUT: previous.stdout, PULUMI_COMMAND_STDERR: previous.stderr }
      : {};
  return { ...process.env, ...handedOver, ...inputs.environment };
}

/** The whole stream without its last newline; each line is shown as it arrives. */
async function collect(stream: Readable, both: string[], show: ((line: string) => void) | undefined): Promise<string> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    lines.push(line);
    both.push(line);
    if (line !== "") show?.(line);
  }
  return lines.join("\n");
}

/** Undefined after exit code 0, else how it ended in the words of the official provider. */
function ended(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(signal === null ? `exit status ${code}` : `signal: ${signal}`);
    });
  });
}
