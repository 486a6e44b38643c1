import { formatBytes } from "../launch/index.ts";
import { ERROR_CODES, type SecretRef } from "../spec/index.ts";
import { checkTable } from "./check-table.ts";
import type { Outcome } from "./command.ts";
import type { Found } from "./find/found.ts";
import { duration } from "./format.ts";
import { POINT_IDENTITY, withPointIdentity } from "./identity.ts";
import type { Io } from "./io.ts";
import { readOldKey } from "./old-key.ts";
import { runJob } from "./run-job.ts";

/**
 * Reads what an older tool stored to its end, without restoring it.
 * @param operatorKey handed over only where the object's name says that it is encrypted
 * @throws JobError `bad-config` for a key that no such tool writes, `unknown-point`, `wrong-key`
 */
export const verifyOld = async (
  io: Io,
  found: Found,
  operatorKey: string | undefined,
  key: string,
): Promise<Outcome> => {
  const { repository, plan } = found;
  const identity: SecretRef = { kind: "env", name: POINT_IDENTITY };
  const opened = readOldKey(key).encryption === undefined ? undefined : operatorKey;
  const result = await runJob(
    io,
    { kind: "inspect", version: 1, repository, plan, key, ...(opened === undefined ? {} : { identity }) },
    withPointIdentity(found, opened),
  );
  const seconds = (Date.parse(result.finished) - Date.parse(result.started)) / 1000;
  const read = `${formatBytes(result.bytes)} read in ${duration(seconds)}`;
  const end = result.healthy
    ? `is whole: ${read}; it has no signature, so nothing says who wrote it`
    : `is NOT whole: ${read}; a restore would refuse it: choose another one, and keep this one; nothing was changed`;
  return {
    json: result,
    text: `${checkTable(io, result.checks)}\n${key} ${end}\n`,
    exit: result.healthy ? 0 : ERROR_CODES.corrupt.exit,
  };
};
