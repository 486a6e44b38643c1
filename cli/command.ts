import { Command } from "commander";
import { type FindOptions, withFindOptions } from "./find/find-options.ts";
import type { Io } from "./io.ts";

/** What a command has to say: for programs, for people, and to the shell. */
export interface Outcome {
  /** The one JSON value of --json. */
  readonly json: unknown;
  /** The same for people. */
  readonly text: string;
  /** @default 0 */
  readonly exit?: number;
}

/** One command: its name with arguments, what it does, its own options, and its work. */
export interface Definition<O = object> {
  readonly name: string;
  readonly summary: string;
  readonly options?: (command: Command) => Command;
  readonly run: (io: Io, options: O & FindOptions, ...args: (string | undefined)[]) => Promise<Outcome>;
}

/** Makes a commander command of a definition. `finish` prints what came out. */
export const commandOf = <O>(
  { name, summary, options = (command) => command, run }: Definition<O>,
  io: Io,
  finish: (outcome: Outcome, json: boolean) => void,
): Command => {
  const command = withFindOptions(options(new Command().command(name).description(summary)));
  return command.action(async (...args: unknown[]) => {
    const positional = args.slice(0, -2) as (string | undefined)[];
    const given = args.at(-2) as O & FindOptions;
    finish(await run(io, given, ...positional), given.json === true);
  });
};
