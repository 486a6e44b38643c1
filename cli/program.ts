import { type Argument, Command, CommanderError } from "commander";
import { ERROR_CODES, exitCode } from "../spec/index.ts";
import { commandOf, type Outcome } from "./command.ts";
import { attach } from "./commands/attach.ts";
import { backup } from "./commands/backup.ts";
import { check } from "./commands/check.ts";
import { clean } from "./commands/clean.ts";
import { copy } from "./commands/copy.ts";
import { drill } from "./commands/drill.ts";
import { list } from "./commands/list.ts";
import { mark } from "./commands/mark.ts";
import { orphans } from "./commands/orphans.ts";
import { plan } from "./commands/plan.ts";
import { prune } from "./commands/prune.ts";
import { restore } from "./commands/restore.ts";
import { resume } from "./commands/resume.ts";
import { rollback } from "./commands/rollback.ts";
import { logs, next, runs } from "./commands/runs.ts";
import { show } from "./commands/show.ts";
import { status } from "./commands/status.ts";
import { verify } from "./commands/verify.ts";
import { errorReport, errorText } from "./error-text.ts";
import type { Io } from "./io.ts";

/** The exit code of a wrong command line. */
const USAGE = ERROR_CODES["bad-config"].exit;

/** Runs one command line to its end and returns its exit code. Never rejects. */
export const run = async (io: Io, args: readonly string[]): Promise<number> => {
  let exit = 0;
  const finish = (outcome: Outcome, json: boolean) => {
    io.out(json ? `${JSON.stringify(outcome.json)}\n` : outcome.text);
    exit = outcome.exit ?? 0;
  };
  try {
    await program(io, finish).parseAsync([...args], { from: "user" });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) return usage(io, error, args);
    if (args.includes("--json")) io.out(`${JSON.stringify({ version: 1, ok: false, error: errorReport(error) })}\n`);
    else io.err(errorText(error));
    return exitCode(error);
  }
};

/** Commander has said what is wrong; programs that read JSON hear it, too. */
const usage = (io: Io, { exitCode: exit, message }: CommanderError, args: readonly string[]): number => {
  if (exit === 0) return 0;
  const error = { code: "bad-config", fact: message.replace(/^error: /, ""), hint: "see --help" };
  if (args.includes("--json")) io.out(`${JSON.stringify({ version: 1, ok: false, error })}\n`);
  return USAGE;
};

const argumentText = (argument: Argument): string =>
  argument.required ? `<${argument.name()}>` : `[${argument.name()}]`;

const HELP = `
Exit codes: 0 done, 2 wrong command or request, 3 unknown plan or point, 4 unreachable, 5 credentials or rights,
6 something is missing, 7 wrong key or bad data, 8 the job failed, 9 no room, 10 busy, 11 stop or start failed,
12 the restore failed, 13 not healthy, 15 not healthy and not critical, 70 a defect, 130 interrupted. \`docs/cli.md\` says more.
`;

const program = (io: Io, finish: (outcome: Outcome, json: boolean) => void): Command => {
  const root = new Command("restorable")
    .description("Backups you can prove you can restore.")
    .addHelpText("after", HELP)
    .exitOverride()
    .showHelpAfterError("see restorable --help")
    .configureHelp({
      subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map(argumentText)].join(" "),
    })
    .configureOutput({ writeOut: io.out, writeErr: io.err });
  const add = (command: Command) =>
    root.addCommand(command.copyInheritedSettings(root).showHelpAfterError(`see restorable ${command.name()} --help`));
  add(commandOf(plan, io, finish));
  add(commandOf(status, io, finish));
  add(commandOf(list, io, finish));
  add(commandOf(show, io, finish));
  add(commandOf(runs, io, finish));
  add(commandOf(next, io, finish));
  add(commandOf(logs, io, finish));
  add(commandOf(backup, io, finish));
  add(commandOf(copy, io, finish));
  add(commandOf(verify, io, finish));
  add(commandOf(drill, io, finish));
  add(commandOf(check, io, finish));
  add(commandOf(orphans, io, finish));
  add(commandOf(restore, io, finish));
  add(commandOf(resume, io, finish));
  add(commandOf(attach, io, finish));
  add(commandOf(rollback, io, finish));
  add(commandOf(clean, io, finish));
  add(commandOf(prune, io, finish));
  add(commandOf(mark, io, finish));
  return root;
};
