import { progress, type Result, result as resultSchema } from "../../spec/index.ts";
import type { Run } from "./run.ts";

/** A run with what was logged of it. */
export interface LoggedRun {
  readonly run: Run;
  readonly lines: readonly string[];
}

interface Open {
  readonly began: string;
  /** Results and steps are written to two streams: what comes of a result may be logged after the end. */
  ended?: string;
  readonly lines: string[];
  readonly results: Result[];
}

/**
 * The runs in the log of a scheduler, oldest first: each begins and ends with a step of the scheduler's own, and in
 * between are the results of its jobs.
 */
export const runsInLog = (lines: readonly string[]): readonly LoggedRun[] => {
  const runs: LoggedRun[] = [];
  let open: Open | undefined;
  for (const line of lines) {
    const said = parsed(line);
    const step = said?.kind === "progress" && said.value.type === "step" ? said.value : undefined;
    if (step?.step === "run") {
      if (open) runs.push(close(open));
      open = { began: step.at, lines: [], results: [] };
    }
    open?.lines.push(line);
    if (said?.kind === "result") open?.results.push(said.value);
    if (open && step?.step === "schedule") open.ended = step.at;
  }
  return open ? [...runs, close(open)] : runs;
};

const close = ({ began, ended, lines, results }: Open): LoggedRun => {
  const failure = results.find((each) => !each.ok || (each.kind === "check" && !each.healthy));
  const taken = results.find((each) => each.ok && each.kind === "backup");
  const error = failure && (failure.ok ? "the plan is not healthy" : failure.error.fact);
  return {
    lines,
    run: {
      id: began.replace(/[-:]|\.\d+/g, ""),
      state: ended === undefined ? "running" : failure || !taken ? "failed" : "succeeded",
      by: "schedule",
      began,
      ...(ended === undefined ? {} : { ended }),
      ...(taken?.ok && taken.kind === "backup" ? { point: taken.manifest.id } : {}),
      ...(error === undefined ? {} : { error }),
    },
  };
};

type Said =
  | { readonly kind: "progress"; readonly value: ReturnType<typeof progress.parse> }
  | { readonly kind: "result"; readonly value: Result };

const parsed = (line: string): Said | undefined => {
  if (!line.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    const step = progress.safeParse(value);
    if (step.success) return { kind: "progress", value: step.data };
    const result = resultSchema.safeParse(value);
    return result.success ? { kind: "result", value: result.data } : undefined;
  } catch {
    return undefined;
  }
};
