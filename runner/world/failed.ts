import { type Failure, JobError } from "../../spec/index.ts";

/** The line about a job that failed; what is no JobError is a defect of ours. */
export const failed = (error: unknown, kind: string, started: Date, finished: Date): Failure => {
  const known =
    error instanceof JobError
      ? error
      : new JobError("bug", describe(error), "this is a defect of restorable: please report it with this text", {
          cause: error,
        });
  const { code, fact, hint } = known;
  return {
    version: 1,
    ok: false,
    kind,
    started: started.toISOString(),
    finished: finished.toISOString(),
    error: { code, fact, hint },
  };
};

const describe = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));
