import path from "node:path";
import { ERROR_CODES, JobError, type ResultOf } from "../../spec/index.ts";
import { checkTable } from "../check-table.ts";
import type { Definition, Outcome } from "../command.ts";
import { checksOf, type DrillOptions, scratchOf, withDrillOptions } from "../drill-options.ts";
import { findPlan } from "../find/find-plan.ts";
import { duration } from "../format.ts";
import { IDENTITY, openIdentity, POINT_IDENTITY, readIdentity, selectPoint } from "../identity.ts";
import type { Io } from "../io.ts";
import { objectsOf } from "../objects-of.ts";
import { readSelector } from "../point-argument.ts";
import { runJob } from "../run-job.ts";

/** Restores one point into scratch on this machine, and says whether it is what it was. */
export const drill: Definition<DrillOptions> = {
  name: "drill [point]",
  summary: "restore one point into scratch on this machine, compare it, time it, and record that as a proof",
  options: withDrillOptions,
  run: async (io, options, point): Promise<Outcome> => {
    const directory = options.scratchDirectory && path.resolve(io.cwd, options.scratchDirectory);
    const scratch = scratchOf(io, { ...options, ...(directory === undefined ? {} : { scratchDirectory: directory }) });
    const checks = [...checksOf(options)];
    const found = await findPlan(io, options);
    const { repository, plan, declared } = found;
    const operatorKey = readIdentity(io, options.identity);
    if (operatorKey === undefined)
      throw new JobError("missing-secret", "a drill opens the point", `give --identity FILE, or set ${IDENTITY}`);
    const selected = await selectPoint(io, found, readSelector(point), false);
    const opened = await openIdentity(selected, operatorKey);
    const result = await runJob(
      io,
      {
        kind: "drill",
        version: 1,
        repository,
        plan,
        point: selected.point.id,
        identity: { kind: "env", name: POINT_IDENTITY },
        scratch,
        checks,
        orphans: declared?.orphans,
        objects: objectsOf(declared),
        record: options.record,
        corrupt: options.corrupt === true,
      },
      { declared: undefined, secrets: { ...io.env, ...found.secrets, [POINT_IDENTITY]: opened } },
    );
    const { error } = result;
    return { json: result, text: drillText(io, result), exit: error ? ERROR_CODES[error.code].exit : 0 };
  },
};

const drillText = (io: Io, { point, proof, proofKey, notes, error }: ResultOf<"drill">): string => {
  const { drill: figures, seconds, ok } = proof;
  const server = figures?.server === undefined ? "" : ` into PostgreSQL ${figures.server}`;
  return [
    checkTable(io, proof.checks),
    ...notes.map((note) => `note: ${note}`),
    `${point} ${ok ? "was restored" : "was NOT restored as it was"}${server} in ${duration(figures?.rtoSeconds ?? seconds)}`,
    ...(figures
      ? [`what was written in the ${duration(figures.rpoSeconds)} since its moment would have been lost`]
      : []),
    ...(error ? [`${error.fact}; ${error.hint}`] : []),
    proofKey === undefined ? "not recorded as a proof" : `recorded as ${proofKey}`,
    "",
  ].join("\n");
};
