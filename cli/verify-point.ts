import { formatBytes } from "../launch/index.ts";
import { ERROR_CODES, type PointSelector, type ResultOf, type SecretRef } from "../spec/index.ts";
import { checkTable } from "./check-table.ts";
import type { Found } from "./find/found.ts";
import { duration } from "./format.ts";
import { openIdentity, POINT_IDENTITY, selectPoint, withPointIdentity } from "./identity.ts";
import type { Io } from "./io.ts";
import { objectsOf } from "./objects-of.ts";
import { runJob } from "./run-job.ts";

/** What a verify found, for people and programs. */
export interface Verified {
  readonly result: ResultOf<"verify">;
  readonly proof: ResultOf<"verify">["proof"];
  readonly text: string;
  readonly exit: number;
}

/** Reads one point back completely; with the operator's key it is opened, and the result recorded as a proof. */
export const verifyPoint = async (
  io: Io,
  found: Found,
  operatorKey: string | undefined,
  point: PointSelector,
  record: boolean,
): Promise<Verified> => {
  const { repository, plan } = found;
  const selected = await selectPoint(io, found, point, true);
  const identity: SecretRef = { kind: "env", name: POINT_IDENTITY };
  const opened = operatorKey === undefined ? undefined : await openIdentity(selected, operatorKey);
  if (opened === undefined) io.err("warning: without --identity what is encrypted stays closed: this is no proof\n");
  const result = await runJob(
    io,
    {
      kind: "verify",
      version: 1,
      repository,
      plan,
      point: selected.point.id,
      record,
      objects: objectsOf(found.declared),
      ...(opened === undefined ? {} : { identity }),
    },
    withPointIdentity(found, opened),
  );
  const { proof, proofKey } = result;
  const end = `${result.point} ${proof.ok ? "is good" : "is NOT good"}: ${formatBytes(proof.bytes)} read in ${duration(proof.seconds)}`;
  const recorded = proofKey === undefined ? "not recorded as a proof" : `recorded as ${proofKey}`;
  return {
    result,
    proof,
    text: `${checkTable(io, proof.checks)}\n${end}; ${recorded}\n`,
    exit: proof.ok ? 0 : ERROR_CODES.corrupt.exit,
  };
};
