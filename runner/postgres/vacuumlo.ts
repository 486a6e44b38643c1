import { JobError, type PostgresEntry, type PostgresSource } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { runPipeline } from "../process/pipeline.ts";
import { chooseDump, findPrograms } from "./clients.ts";
import { clientEnv, type Session } from "./connect.ts";

/** Where the plan wants it: removes orphaned large objects before the snapshot is taken, and says how many for the manifest. */
export const vacuumLargeObjects = async (
  context: Context,
  source: PostgresSource,
  session: Session,
): Promise<Pick<PostgresEntry, "removedLargeObjects">> => {
  if (!source.vacuumlo) return {};
  const { rows } = await session.query<{ major: number }>(
    "SELECT pg_catalog.current_setting('server_version_num')::int / 10000 AS major",
  );
  return { removedLargeObjects: await removeOrphaned(context, source, rows[0]?.major ?? 0) };
};

/**
 * Removes large objects that no `oid` or `lo` column refers to. They are counted
 * first, without a change; where there is none nothing else runs.
 * @returns how many
 * @throws JobError `missing-tool`; `too-few-rights` where the role owns neither the objects nor the database
 */
const removeOrphaned = async (context: Context, source: PostgresSource, serverMajor: number): Promise<number> => {
  const { database } = source;
  const programs = await findPrograms(context, "vacuumlo");
  const program = chooseDump(programs, serverMajor) ?? programs[0];
  if (!program) {
    throw new JobError(
      "missing-tool",
      `vacuumlo is not on this machine, and the plan wants it to run before the dump of '${database}'`,
      "install it (Debian: the server's package, postgresql-<major>), or leave `vacuumlo` out; the runner's image has it",
    );
  }
  context.report.step("source", `counting large objects of '${database}' that nothing refers to`);
  const found = await run(context, source, program.file, ["--dry-run"], /Would remove (\d+) large objects/);
  if (found === 0) return 0;
  context.report.step("source", `removing ${found} large object(s) of '${database}' that nothing refers to`);
  return run(context, source, program.file, ["--verbose"], /Successfully removed (\d+) large objects/);
};

/** More than its last sentence has; what it says of each object before is not kept. */
const TAIL = 1_000;

const run = async (
  context: Context,
  source: PostgresSource,
  file: string,
  args: readonly string[],
  sentence: RegExp,
): Promise<number> => {
  let tail = "";
  const { database, login } = source;
  const env = clientEnv(context, source, login);
  const explain = (exit: number, stderr: string) => explainFailure(source, exit, stderr);
  await runPipeline(context, [{ file, args: ["--no-password", ...args, database], env, explain }], {
    output: async (stdout) => {
      for await (const chunk of stdout as AsyncIterable<Buffer>) tail = `${tail}${chunk}`.slice(-TAIL);
    },
  });
  const [, count] = sentence.exec(tail) ?? [];
  if (count !== undefined) return Number(count);
  throw new JobError(
    "process-failed",
    `vacuumlo does not say how many large objects of '${database}' it found`,
    "run it by hand with --dry-run and look what it says, or leave `vacuumlo` out",
  );
};

const explainFailure = ({ database, login }: PostgresSource, exit: number, stderr: string): JobError => {
  const said = stderr.split("\n").filter(Boolean).slice(-3).join(" | ") || "it said nothing";
  const denied = /must be owner|permission denied/i.test(stderr);
  return new JobError(
    denied ? "too-few-rights" : "process-failed",
    `vacuumlo of '${database}' ended with exit code ${exit}: ${said}`,
    denied
      ? `it needs a role that owns the large objects and may read every table; "${login.user}" does not: change the source's login, or leave \`vacuumlo\` out; nothing was published`
      : "read its message and run again, or leave `vacuumlo` out; nothing was published",
  );
};
