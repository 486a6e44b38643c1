import { formatBytes } from "../../launch/index.ts";
import { ERROR_CODES, type SecretRef } from "../../spec/index.ts";
import { checkTable } from "../check-table.ts";
import type { Definition, Outcome } from "../command.ts";
import { findPlan } from "../find/find-plan.ts";
import { duration } from "../format.ts";
import { openIdentity, POINT_IDENTITY, readIdentity, selectPoint } from "../identity.ts";
import { objectsOf } from "../objects-of.ts";
import { readSelector } from "../point-argument.ts";
import { runJob } from "../run-job.ts";

interface Options {
  readonly record: boolean;
}

/** Reads one point back completely. */
export const verify: Definition<Options> = {
  name: "verify [point]",
  summary: "read one recovery point back completely (default: latest); with --identity also open it",
  options: (command) => command.option("--no-record", "do not write the result beside the point"),
  run: async (io, options, point): Promise<Outcome> => {
    const found = await findPlan(io, options);
    const { repository, plan } = found;
    const operatorKey = readIdentity(io, options.identity);
    const selected = await selectPoint(io, found, readSelector(point), true);
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
        record: options.record,
        objects: objectsOf(found.declared),
        ...(opened === undefined ? {} : { identity }),
      },
      { ...found, secrets: { ...found.secrets, ...(opened === undefined ? {} : { [POINT_IDENTITY]: opened }) } },
    );
    const { proof, proofKey } = result;
    const end = `${result.point} ${proof.ok ? "is good" : "is NOT good"}: ${formatBytes(proof.bytes)} read in ${duration(proof.seconds)}`;
    const recorded = proofKey === undefined ? "not recorded as a proof" : `recorded as ${proofKey}`;
    return {
      json: result,
      text: `${checkTable(io, proof.checks)}\n${end}; ${recorded}\n`,
      exit: proof.ok ? 0 : ERROR_CODES.corrupt.exit,
    };
  },
};
