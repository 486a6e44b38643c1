import type { Command } from "commander";
import { type DrillCheck, drillCheck, JobError, parse, type Scratch, scratch } from "../spec/index.ts";
import type { Io } from "./io.ts";

/** The name under which the password of the scratch server may be in the environment. */
export const SCRATCH_PASSWORD = "RESTORABLE_SCRATCH_PASSWORD";

export interface DrillOptions {
  readonly scratchHost?: string;
  readonly scratchPort: string;
  readonly scratchUser: string;
  readonly scratchDirectory?: string;
  readonly check?: readonly string[];
  readonly record: boolean;
  readonly corrupt?: boolean;
}

const several = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

export const withDrillOptions = (command: Command): Command =>
  command
    .option("--scratch-directory <path>", "where files and dumps are unpacked: empty, or not there yet")
    .option("--scratch-host <name>", "a PostgreSQL server that holds nothing; needed where the point holds a database")
    .option("--scratch-port <number>", "its port", "5432")
    .option("--scratch-user <name>", `its superuser; the password is in $${SCRATCH_PASSWORD}`, "postgres")
    .option("--check <name=select>", "a question that the restored database must answer; may be repeated", several)
    .option("--no-record", "do not write the result beside the point")
    .option("--corrupt", "change one bit on its way on purpose: the drill must fail, and is not recorded");

/**
 * Where a drill restores to.
 * @throws JobError `bad-config`
 */
export const scratchOf = (
  io: Io,
  { scratchDirectory, scratchHost, scratchPort, scratchUser }: DrillOptions,
): Scratch => {
  if (scratchDirectory === undefined) {
    const hint = "give --scratch-directory PATH: an empty directory, or one that does not exist yet";
    throw new JobError("bad-config", "a drill needs a place for what it restores", hint);
  }
  const password = io.env[SCRATCH_PASSWORD] ? { password: { kind: "env", name: SCRATCH_PASSWORD } } : {};
  const postgres = {
    host: scratchHost,
    port: Number(scratchPort),
    login: { user: scratchUser, ...password },
  };
  return parse(
    scratch,
    { directory: scratchDirectory, ...(scratchHost === undefined ? {} : { postgres }) },
    "--scratch",
    "bad-config",
  );
};

/** `name=SELECT …`, or `name@source=SELECT …` where the point holds several databases. */
export const checksOf = ({ check = [] }: DrillOptions): readonly DrillCheck[] =>
  check.map((text) => {
    const [, name, postgres, query] = /^([^=@]+)(?:@([^=]+))?=(.+)$/s.exec(text) ?? [];
    return parse(drillCheck, { name, ...(postgres === undefined ? {} : { postgres }), query }, "--check", "bad-config");
  });
