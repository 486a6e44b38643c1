import { readFileSync } from "node:fs";
import path from "node:path";
import { unwrapIdentity } from "../launch/index.ts";
import { JobError, type PointSelector, type Selected } from "../spec/index.ts";
import type { FoundSource } from "./find/found.ts";
import type { Io } from "./io.ts";
import { runQuietly } from "./run-job.ts";

/** The name under which an operator's private key may be in the environment. */
export const IDENTITY = "RESTORABLE_IDENTITY";
/** The name under which a job gets the one key of the one point that it opens. */
export const POINT_IDENTITY = "RESTORABLE_POINT_IDENTITY";

/**
 * The operator's private key: from --identity FILE, or from $RESTORABLE_IDENTITY. It never leaves this process.
 * @throws JobError `missing-secret` when the file cannot be read
 */
export const readIdentity = (io: Io, file: string | undefined): string | undefined => {
  if (file === undefined) return io.env[IDENTITY];
  try {
    return readFileSync(path.resolve(io.cwd, file), "utf8");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new JobError("missing-secret", `the identity cannot be read: ${reason}`, "give --identity FILE", { cause });
  }
};

/** What a job is run with, and the one key that it may use. */
export const withPointIdentity = <F extends Pick<FoundSource, "secrets">>(found: F, opened: string | undefined): F =>
  opened === undefined ? found : { ...found, secrets: { ...found.secrets, [POINT_IDENTITY]: opened } };

/** Finds a point and fetches its key, still closed. */
export const selectPoint = async (
  io: Io,
  from: FoundSource,
  point: PointSelector,
  unverified: boolean,
): Promise<Selected> => {
  const { repository, plan } = from;
  const job = { kind: "catalog", version: 1, repository, plan, point, unverified } as const;
  const { selected } = await runQuietly(io, job, from);
  if (selected) return selected;
  throw new JobError("bug", "a catalog job selected no point", "use the CLI and the runner of one version");
};

/** Opens a point's key with the operator's. */
export const openIdentity = ({ point, identity }: Selected, operatorKey: string): Promise<string> =>
  unwrapIdentity(Buffer.from(identity, "base64"), operatorKey, point.manifest.identity.recipients);
