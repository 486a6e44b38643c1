import type { RunOptions } from "../launch/index.ts";
import { type Job, JobError, type Result, type ResultOf, type Success } from "../spec/index.ts";
import type { RunsOn } from "./find/found.ts";
import type { Io } from "./io.ts";
import { progressView } from "./progress-line.ts";

/**
 * Runs one job and shows its progress.
 * @throws JobError what the job failed with
 */
export const runJob = async <K extends Success["kind"]>(
  io: Io,
  job: Extract<Job, { kind: K }>,
  { declared, secrets }: RunsOn,
): Promise<ResultOf<K>> => {
  const view = progressView(io);
  try {
    const result = await io.runnerOn(declared)(job, { secrets, onProgress: view.show, signal: io.signal });
    return expectKind(result, job.kind as K);
  } finally {
    view.done();
  }
};

/** Runs a job that is only a means: what it says on the way is of no interest, but for warnings. */
export const runQuietly = async <K extends Success["kind"]>(
  io: Io,
  job: Extract<Job, { kind: K }>,
  { declared, secrets }: RunsOn,
): Promise<ResultOf<K>> => {
  const onProgress: RunOptions["onProgress"] = (line) => {
    if (line.type === "warning") io.err(`warning: ${line.text}\n`);
  };
  return expectKind(await io.runnerOn(declared)(job, { secrets, onProgress, signal: io.signal }), job.kind as K);
};

const expectKind = <K extends Success["kind"]>(result: Result, kind: K): ResultOf<K> => {
  if (!result.ok) throw new JobError(result.error.code, result.error.fact, result.error.hint);
  if (result.kind === kind) return result as unknown as ResultOf<K>;
  const fact = `a ${kind} job answered with a ${result.kind} result`;
  throw new JobError("bug", fact, "use the CLI and the runner of one version");
};
