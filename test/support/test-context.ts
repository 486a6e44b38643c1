import type { Context, Reporter } from "../../runner/context.ts";
import { childEnvironment } from "../../runner/world/child-environment.ts";
import { thisProcess } from "../../runner/world/holder.ts";

/** What a job reported, in order. */
export interface Reported {
  readonly steps: string[];
  readonly warnings: string[];
  readonly progress: { readonly bytes: number; readonly total: number | undefined }[];
}

/** The world of a runner for tests of its parts: the real programs, no secrets, and a reporter that remembers. */
export const testContext = (changes: Partial<Context> = {}): Context & { readonly reported: Reported } => {
  const reported: Reported = { steps: [], warnings: [], progress: [] };
  const report: Reporter = {
    step: (_step, text) => reported.steps.push(text),
    warning: (text) => reported.warnings.push(text),
    progress: (_step, _text, bytes, total) => reported.progress.push({ bytes, total }),
  };
  return {
    now: () => new Date(),
    signal: new AbortController().signal,
    secret: () => "",
    report,
    env: childEnvironment(process.env),
    holder: thisProcess(),
    random: (below) => Math.floor(Math.random() * below),
    ...changes,
    reported,
  };
};
