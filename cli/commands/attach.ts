import { ERROR_CODES, JobError, type Result } from "../../spec/index.ts";
import type { Definition, Outcome } from "../command.ts";
import { declaredPlan, findPlan } from "../find/find-plan.ts";
import { utc } from "../format.ts";
import type { Io } from "../io.ts";
import { progressView } from "../progress-line.ts";
import { fields } from "../table.ts";

/** Follows a job that goes on without its launcher, and says how it ended. */
export const attach: Definition = {
  name: "attach [id]",
  summary:
    "follow a job on a Docker host or in a cluster that lost its launcher, by its id or its request's (default: the newest)",
  run: async (io, options, id): Promise<Outcome> => {
    const plan = declaredPlan(await findPlan(io, options));
    const view = progressView(io);
    try {
      const { job, result } = await io.remote.attach(plan, id, { onProgress: view.show, signal: io.signal });
      view.done();
      if (!result.ok) throw new JobError(result.error.code, result.error.fact, result.error.hint);
      return { json: result, text: resultText(io, result, job.request), exit: exitOf(result) };
    } finally {
      view.done();
    }
  },
};

const resultText = (io: Io, result: Extract<Result, { ok: true }>, request: string | undefined): string =>
  fields(
    [
      ["job", `${result.kind}${request === undefined ? "" : ` of request ${request}`}`],
      ["began", utc(result.started)],
      ["ended", utc(result.finished)],
      ["result", said(result)],
      ["next", result.kind === "restore" && !result.record ? `restorable resume ${request ?? ""}` : undefined],
    ],
    io,
  );

const said = (result: Extract<Result, { ok: true }>): string => {
  switch (result.kind) {
    case "backup":
      return `point ${result.manifest.id}`;
    case "verify":
    case "drill":
      return `${result.point} ${result.proof.ok ? "is good" : "is NOT good"}`;
    case "inspect":
      return result.healthy ? "whole" : "NOT whole";
    case "check":
      return result.healthy ? "healthy" : "NOT healthy";
    case "orphans":
      return result.healthy ? "no orphans" : "there are orphans";
    case "restore": {
      const { record, step } = result;
      if (!record) return `the restore stands at '${step}'; its launcher is needed to go on`;
      return record.ok ? "ok" : `failed: ${record.error?.fact ?? step}`;
    }
    case "copy":
      return `${result.copied.length} points copied${result.healthy ? "" : `, and ${result.problems.length} problems`}`;
    case "prune":
      return result.acted ? `done: ${result.how}` : "dry run";
    case "catalog":
      return `${result.points.length} points`;
    case "open":
      return `point ${result.point}`;
    case "ledger":
      return `${result.restores.length} restores`;
    case "mark":
      return result.key;
    case "bucket":
      return result.bucket;
  }
};

const exitOf = (result: Extract<Result, { ok: true }>): number => {
  if (result.kind === "drill" && result.error) return ERROR_CODES[result.error.code].exit;
  if (result.kind === "verify" && !result.proof.ok) return ERROR_CODES.corrupt.exit;
  if (result.kind === "inspect" && !result.healthy) return ERROR_CODES.corrupt.exit;
  if ("healthy" in result && !result.healthy) return ERROR_CODES.unhealthy.exit;
  if (result.kind === "restore" && result.record?.ok === false) return ERROR_CODES["restore-failed"].exit;
  return 0;
};
