import { randomBytes } from "node:crypto";
import { pipeline, type Readable } from "node:stream";
import { JobError, type PostgresSource } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { type ClientProgram, findPrograms } from "../postgres/clients.ts";
import { adminOf, clientEnv } from "../postgres/connect.ts";
import { explainRestore } from "../postgres/explain-restore.ts";
import { connectionString } from "../postgres/identifier.ts";
import type { Invocation } from "../process/invocation.ts";
import { runPipeline } from "../process/pipeline.ts";
import { checkedScript } from "./checked-script.ts";
import type { ScriptTarget } from "./policy.ts";

/** The minor of each major from which `psql` knows `\restrict`; later majors all do. */
const RESTRICTS: Readonly<Record<number, number>> = { 13: 22, 14: 19, 15: 14, 16: 10, 17: 6 };

/** Whether this `psql` can be told to obey no command that a script holds. */
export const knowsRestrict = ({ major, version }: Pick<ClientProgram, "major" | "version">): boolean => {
  const minor = RESTRICTS[major];
  return minor === undefined ? major > 17 : Number(/^\d+\.(\d+)/.exec(version)?.[1] ?? 0) >= minor;
};

/**
 * Runs a dump's script in one database, as one transaction: either all of it is there afterwards, or nothing.
 * @param whole settles well once every byte of the script is known to be the right one
 * @returns what was left out
 * @throws JobError `corrupt`, `restore-failed` with psql's own words, `too-few-rights`, `missing-tool`
 */
export const runScript = async (
  context: Context,
  source: PostgresSource,
  { database, ...target }: ScriptTarget & { readonly database: string },
  script: Readable,
  whole: Promise<void>,
): Promise<readonly string[]> => {
  const program = await psqlProgram(context, target.major);
  const checked = checkedScript(target, () => whole);
  pipeline(script, checked.stream, () => undefined); // whoever reads the checked stream sees the error
  await runPipeline(context, [psql(context, source, program.file, database)], {
    input: restricted(program, checked.stream),
  });
  return checked.notes();
};

/** Beside our own reading of the script, `psql` itself refuses commands, where it can: nobody but us knows the word. */
const restricted = (program: ClientProgram, stream: Readable): Readable => {
  if (knowsRestrict(program)) stream.unshift(`\\restrict ${randomBytes(24).toString("hex")}\n`);
  return stream;
};

const psqlProgram = async (context: Context, major: number): Promise<ClientProgram> => {
  const programs = await findPrograms(context, "psql");
  const distance = (program: ClientProgram) => Math.abs(program.major - major);
  const [nearest] = programs.toSorted((a, b) => distance(a) - distance(b));
  if (nearest) return nearest;
  throw new JobError(
    "missing-tool",
    "no psql is on this machine",
    `install PostgreSQL's client programs of major ${major} (Debian: postgresql-client-${major})`,
  );
};

/** The `psql` call for one script from stdin. */
export const psql = (context: Context, source: PostgresSource, file: string, database: string): Invocation => ({
  file,
  args: [
    "--no-psqlrc",
    "--no-password",
    "--quiet",
    "--set=ON_ERROR_STOP=1",
    "--file=-",
    `--dbname=${connectionString(database)}`,
  ],
  env: { ...clientEnv(context, source, adminOf(source), database), SHELL: "/bin/false" },
  explain: explainRestore("psql", source, database),
});
