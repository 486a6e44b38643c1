import type { Command } from "commander";
import { type Into, JobError, type Only } from "../../spec/index.ts";
import type { PointOptions } from "../point-argument.ts";

/** What an operator says about one restore. */
export interface RestoreOptions extends PointOptions {
  readonly from?: string;
  readonly database?: string;
  readonly directory?: string;
  readonly volume?: string;
  readonly inPlace?: boolean;
  readonly recreateClaim?: readonly string[];
  readonly source?: readonly string[];
  readonly path?: readonly string[];
  readonly table?: readonly string[];
  readonly id?: string;
  readonly reason?: string;
  readonly unverified?: boolean;
  readonly confirm?: string;
  readonly dryRun?: boolean;
}

export const withRestoreOptions = (command: Command): Command =>
  command
    .option("--before <time>", "the newest point complete before a time with an offset")
    .option("--object <key>", "what an older tool stored, by its key; needs --unverified")
    .option("--from <environment[/plan]>", "whose recovery point (default: this plan's own)")
    .option("--database <name>", "into a new database, instead of replacing the live one")
    .option("--directory <path>", "into a new directory, instead of replacing the live one")
    .option(
      "--volume <name>",
      "into a new volume of the Docker host, or a new volume claim, instead of replacing the live one",
    )
    .option("--in-place", "over the live data, where there is no room for two copies")
    .option(
      "--recreate-claim <name>",
      "with --in-place: delete this volume claim first and make it again, empty; may be repeated",
      repeated,
    )
    .option("--source <name>", "only this source; may be repeated", repeated)
    .option("--path <path>", "only this file or directory of a files source, relative to it; may be repeated", repeated)
    .option("--table <[schema.]table>", "only this table, into a new --database; may be repeated", repeated)
    .option("--id <text>", "the request's id (default: a new one with today's date)")
    .option("--reason <text>", "why; a protected plan asks for it")
    .option("--unverified", "take a point without a valid signature, or an old object")
    .option("--confirm <text>", "<project>/<stack>/<plan>, instead of typing it")
    .option("--dry-run", "show what would happen and change nothing");

const repeated = (name: string, before: readonly string[] = []): readonly string[] => [...before, name];

/**
 * What of a source is asked for; undefined where all is. A shell's completion writes `./a` and `a/` for `a`.
 * @throws JobError `bad-config` where nothing says where it goes, and for paths and tables at once
 */
export const onlyOf = (options: RestoreOptions): Only | undefined => {
  const { path, table, database, directory, volume, inPlace } = options;
  if (path === undefined && table === undefined) return undefined;
  if (path !== undefined && table !== undefined)
    throw new JobError("bad-config", "--path and --table are named at once", "ask for them one after the other");
  if ([database, directory, volume].every((place) => place === undefined) && inPlace !== true) {
    throw new JobError(
      "bad-config",
      `${path ? "--path" : "--table"} says what is restored, and nothing says where to: to replace all with it would drop everything else`,
      path
        ? "give --in-place to put the paths back where they were, or a new --directory or --volume"
        : "give the name of a new --database; its record says how to copy the rows from there",
    );
  }
  return path
    ? { paths: path.map((each) => each.replace(/^(\.\/+)+/, "").replace(/\/+$/, "")) }
    : { tables: [...(table ?? [])] };
};

/** @throws JobError `bad-config` when two places are named */
export const intoOf = ({ database, directory, volume, inPlace, recreateClaim }: RestoreOptions): Into => {
  const named = [database, directory, volume, inPlace === true ? true : undefined].filter((each) => each !== undefined);
  if (named.length > 1) {
    throw new JobError(
      "bad-config",
      "two places are named to restore into",
      "give one of --database, --directory, --volume, --in-place",
    );
  }
  if (recreateClaim !== undefined && inPlace !== true) {
    throw new JobError(
      "bad-config",
      "--recreate-claim deletes a volume, so nothing that was on it can be kept beside",
      "give --in-place too: a verified safety backup is taken first",
    );
  }
  if (database !== undefined) return { database };
  if (directory !== undefined) return { directory };
  if (volume !== undefined) return { volume };
  if (inPlace === true) return { inPlace: recreateClaim === undefined ? {} : { recreateClaims: [...recreateClaim] } };
  return { replace: {} };
};
