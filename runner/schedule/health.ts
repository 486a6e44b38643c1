import type { SchedulerState } from "../../spec/index.ts";
import { ageText } from "../check/staleness.ts";
import { BEAT } from "./world.ts";

/** Signs of life that may be missing before a scheduler counts as stuck. */
const MISSING = 12;

export interface Health {
  readonly healthy: boolean;
  /** One sentence. */
  readonly text: string;
}

const NOT_BEGUN = "the scheduler has not begun yet, or could not: its log says why";

/** One sentence about a scheduler that has not begun or is stuck; undefined for any other. */
export const silence = (state: SchedulerState | undefined, now: Date): string | undefined =>
  state ? stuck(state, now) : NOT_BEGUN;

const stuck = ({ at }: SchedulerState, now: Date): string | undefined => {
  const silent = now.getTime() - Date.parse(at);
  return silent > MISSING * BEAT ? `the scheduler has given no sign of life for ${ageText(silent / 1000)}` : undefined;
};

/** Judges a scheduler by what it said last: stuck, cut off from the application, or failed in its last run. */
export const health = (state: SchedulerState | undefined, now: Date): Health => {
  if (!state) return { healthy: false, text: NOT_BEGUN };
  const silent = stuck(state, now);
  if (silent !== undefined) return { healthy: false, text: silent };
  if (state.problem !== undefined) return { healthy: false, text: state.problem };
  const { last } = state;
  if (last && !last.ok) {
    const { fact, hint } = last.error ?? { fact: "it failed", hint: "its log says why" };
    return { healthy: false, text: `the run of ${last.started} failed: ${fact}; ${hint}` };
  }
  const ran = last ? `the run of ${last.started} took point ${last.point}` : "no run yet";
  const next = state.running === undefined ? `the next one begins at ${state.next}` : "one is running";
  return { healthy: true, text: `${ran}; ${next}` };
};
