import { access, constants, readdir, realpath } from "node:fs/promises";
import path from "node:path";
import { JobError } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import type { Invocation } from "../process/invocation.ts";
import { runPipeline } from "../process/pipeline.ts";

export type ProgramName = "pg_dump" | "pg_restore" | "psql" | "vacuumlo";

/** One of PostgreSQL's client programs. */
export interface ClientProgram {
  readonly file: string;
  readonly major: number;
  /** `15.14` */
  readonly version: string;
}

/** Where packages of Debian and of Red Hat's family put one folder per major. */
const VERSIONED = [
  { parent: "/usr/lib/postgresql", folder: /^\d+$/ },
  { parent: "/usr", folder: /^pgsql-\d+$/ },
];

/** Every version of the program on this machine, newest first; one per major, those in versioned folders before PATH. */
export const findPrograms = async (context: Context, name: ProgramName): Promise<readonly ClientProgram[]> => {
  const byMajor = new Map<number, ClientProgram>();
  for (const file of await candidates(context, name)) {
    const program = await askVersion(context, file);
    if (program && !byMajor.has(program.major)) byMajor.set(program.major, program);
  }
  return [...byMajor.values()].sort((a, b) => b.major - a.major);
};

const candidates = async (context: Context, name: ProgramName): Promise<readonly string[]> => {
  const folders: string[] = [];
  for (const { parent, folder } of VERSIONED) {
    const entries = await readdir(parent).catch(() => []);
    folders.push(...entries.filter((entry) => folder.test(entry)).map((entry) => path.join(parent, entry, "bin")));
  }
  folders.push(...(context.env.PATH ?? "").split(path.delimiter).filter((folder) => path.isAbsolute(folder)));
  const found: string[] = [];
  for (const folder of folders) {
    const file = path.join(folder, name);
    const runs = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    // Debian's wrapper picks a version by the local clusters, which have nothing to do with the server we talk to.
    if (runs && path.basename(await realpath(file)) !== "pg_wrapper") found.push(file);
  }
  return [...new Set(found)];
};

const askVersion = async (context: Context, file: string): Promise<ClientProgram | undefined> => {
  let text = "";
  await runPipeline(context, [{ file, args: ["--version"] }], {
    output: async (stdout) => {
      for await (const chunk of stdout) text += String(chunk);
    },
  }).catch(() => context.signal.throwIfAborted());
  const version = /\(PostgreSQL\) (\d+)(\S*)/.exec(text);
  return version ? { file, major: Number(version[1]), version: `${version[1]}${version[2]}` } : undefined;
};

/** The dump program for a server: its own major, or the nearest newer one. */
export const chooseDump = (programs: readonly ClientProgram[], server: number): ClientProgram | undefined =>
  programs.filter(({ major }) => major >= server).sort((a, b) => a.major - b.major)[0];

/**
 * The restore program for a target: the nearest to its major that reads the archive. From 17 on `pg_restore` sets
 * `transaction_timeout`, at which an older server stops.
 */
export const chooseRestore = (
  programs: readonly ClientProgram[],
  target: number,
  least: number,
): ClientProgram | undefined =>
  programs
    .filter(({ major }) => major >= least && (major <= target || major < 17 || target >= 17))
    .sort((a, b) => Math.abs(a.major - target) - Math.abs(b.major - target) || b.major - a.major)[0];

/** The lowest major of `pg_restore` that reads what this `pg_dump` writes: the archive format changed in 12, 16 and 17. */
export const leastPgRestore = (dump: number): number => {
  if (dump > 18) return dump; // not known yet
  return [17, 16, 12].find((changed) => dump >= changed) ?? dump;
};

/** @throws JobError `missing-tool`, `wrong-version` */
export const dumpProgram = async (context: Context, server: number): Promise<ClientProgram> => {
  const programs = await findPrograms(context, "pg_dump");
  return chooseDump(programs, server) ?? refuse("pg_dump", programs, `a server of major ${server}`, server);
};

/** @throws JobError `missing-tool`, `wrong-version` */
export const restoreProgram = async (context: Context, target: number, least: number): Promise<ClientProgram> => {
  const programs = await findPrograms(context, "pg_restore");
  if (least >= 17 && target < 17) refuseArchive(target, least);
  const what = `an archive that needs major ${least} and a server of major ${target}`;
  return chooseRestore(programs, target, least) ?? refuse("pg_restore", programs, what, target);
};

/** A pg_restore that reads the archive, for looking at it without a server. @throws JobError as `restoreProgram` */
export const readingProgram = async (context: Context, least: number): Promise<ClientProgram> => {
  const programs = await findPrograms(context, "pg_restore");
  return programs[0] && programs[0].major >= least
    ? programs[0]
    : refuse("pg_restore", programs, `an archive that needs major ${least}`, least);
};

const refuse = (name: ProgramName, programs: readonly ClientProgram[], what: string, major: number): never => {
  const hint = `install PostgreSQL's client programs of major ${major} (Debian: postgresql-client-${major})`;
  if (programs.length === 0) throw new JobError("missing-tool", `no ${name} is on this machine`, hint);
  const have = programs.map(({ version }) => version).join(", ");
  throw new JobError("wrong-version", `no ${name} here fits ${what}; there is ${have}`, hint);
};

const refuseArchive = (target: number, least: number): never => {
  throw new JobError(
    "wrong-version",
    `the archive needs pg_restore ${least}, which cannot restore into a server of major ${target}`,
    `restore into a server of major ${least} or newer`,
  );
};

/**
 * Reads a whole archive from stdin and writes nothing: a truncated one passes `--list`, but not this.
 * @throws JobError `missing-tool`, `wrong-version`
 */
export const pgRestoreToNowhere = async (context: Context, least: number): Promise<Invocation> => ({
  file: (await readingProgram(context, least)).file,
  args: ["--file=/dev/null"],
});
