import { type Failure, JobError, type RestoreJob, type RestoreLaunch, type ResultOf } from "../../spec/index.ts";
import { type LaunchWorld, NEVER } from "./world.ts";

/** The environment name under which a runner gets the one identity that it may use. */
export const POINT_IDENTITY = "RESTORABLE_POINT_IDENTITY";

export interface ActionOptions {
  /** Ends the action when aborted. @default never: what has begun is brought to its end */
  readonly signal?: AbortSignal;
  /** The point's own identity, opened. */
  readonly identity?: string;
  /** What is about to be stopped, for the journal. */
  readonly quiesced?: readonly string[];
  /** What went wrong here, for the record. */
  readonly failure?: RestoreJob["failure"];
}

/** One action of the runner on the journal of one restore. Throws JobError when it failed. */
export type Act = (action: RestoreJob["action"], options?: ActionOptions) => Promise<ResultOf<"restore">>;

/**
 * @param pointIdentity what every action gets that names no identity: an in-place restore reads the point while it
 * swaps, and again when it is recovered
 */
export const actions =
  (launch: RestoreLaunch, world: LaunchWorld, pointIdentity?: string): Act =>
  async (action, { signal = NEVER, identity = pointIdentity, quiesced, failure } = {}) => {
    const job: RestoreJob = {
      kind: "restore",
      version: 1,
      action,
      plan: launch.plan,
      from: launch.from,
      request: launch.request,
      requestDigest: launch.requestDigest,
      ...(identity === undefined ? {} : { identity: { kind: "env", name: POINT_IDENTITY } }),
      ...(world.holder === undefined ? {} : { launcher: world.holder }),
      ...(quiesced === undefined ? {} : { quiesced: [...quiesced] }),
      ...(failure === undefined ? {} : { failure }),
    };
    const secrets = identity === undefined ? world.secrets : { ...world.secrets, [POINT_IDENTITY]: identity };
    const result = await world.runJob(job, { secrets, onProgress: world.report, signal });
    return expectKind(result, "restore");
  };

/** The result of a job that succeeded; a failure is thrown as the error it is. */
export const expectKind = <R extends { ok: true; kind: string }, K extends R["kind"]>(
  result: R | Failure,
  kind: K,
): Extract<R, { kind: K }> => {
  if (!result.ok) throw new JobError(result.error.code, result.error.fact, result.error.hint);
  if (result.kind === kind) return result as Extract<R, { kind: K }>;
  throw new JobError(
    "bug",
    `a ${kind} job answered with a ${result.kind} result`,
    "use launcher and runner of one version",
  );
};
