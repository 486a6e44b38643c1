import path from "node:path";
import { formatBytes } from "../launch/index.ts";
import {
  type CopyJob,
  copyMistake,
  type DirectoryRepository,
  JobError,
  type Repository,
  type ResultOf,
} from "../spec/index.ts";
import type { Found } from "./find/found.ts";
import type { Io } from "./io.ts";
import { runJob } from "./run-job.ts";

/** A directory of this machine that holds copies. */
export interface Home extends Repository {
  readonly location: DirectoryRepository;
}

/**
 * A directory of this machine as a repository that believes the same keys and signs nothing.
 * @throws JobError `bad-config` where that is the plan's own repository
 */
export const homeOf = (io: Io, { repository }: Found, directory: string): Home => {
  const { environment, trusted, provers } = repository;
  const location = { kind: "directory", path: path.resolve(io.cwd, directory) } as const;
  const home: Home = { environment, location, trusted, provers };
  const mistake = copyMistake(repository, home);
  if (mistake === undefined) return home;
  throw new JobError(
    "bad-config",
    `--directory ${location.path}: ${mistake}`,
    "give another directory; nothing was done",
  );
};

/** What was brought to this machine, for people and programs. */
export interface Brought {
  readonly result: ResultOf<"copy">;
  readonly rows: readonly (readonly [string, string])[];
}

/**
 * Copies one point from the plan's repository to a directory of this machine; the repository is only read.
 * @throws JobError `corrupt` where a byte is not what the manifest says
 */
export const bringHome = async (io: Io, found: Found, home: Home, point: string): Promise<Brought> => {
  const { repository, plan, secrets } = found;
  const { environment, trusted } = home;
  const place = home.location.path;
  io.err(`point ${point} is stored; bringing it to ${place}\n`);
  const job: CopyJob = {
    kind: "copy",
    version: 1,
    plan,
    from: repository,
    to: home,
    points: [point],
    schedule: { kind: "none" },
    leaseSeconds: 90,
  };
  const result = await runJob(io, job, { declared: undefined, secrets });
  const [problem] = result.problems;
  if (problem) {
    const hint = "the point is in the plan's own repository; `restorable verify` reads it back there";
    throw new JobError("corrupt", `${problem.point} was not brought to ${place}: ${problem.fact}`, hint);
  }
  const keys = trusted.map((key) => ` --public-key ${key}`).join("");
  return {
    result,
    rows: [
      ["brought to", `${place}, ${formatBytes(result.bytes)} read, every byte compared`],
      ["opens by", `restorable restore --repository ${place} --environment ${environment} --plan ${plan}${keys}`],
    ],
  };
};
