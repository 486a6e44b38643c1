import {
  type CatalogPoint,
  type Check,
  longestInterval,
  newestDrill,
  parseCron,
  type Schedule,
} from "../../spec/index.ts";
import { ageText } from "./staleness.ts";

/** How many of the schedule's longest intervals may pass before a drill is missed. */
const INTERVALS = 2;

/**
 * Judges the drills of a plan by their proofs. Without an expectation, the last one says when the next are to be
 * expected; where nobody ever drilled and nobody expects it, there is nothing to say.
 */
export const drillChecks = (points: readonly CatalogPoint[], now: Date, expected?: Schedule): readonly Check[] => {
  const last = newestDrill(points);
  if (!last) {
    return expected?.kind === "cron"
      ? [
          {
            name: "drills",
            ok: false,
            detail: "drills are scheduled, and none has left a proof: look at the last one's log",
          },
        ]
      : [];
  }
  const { point, ok, at, checks, drill } = last;
  const age = (now.getTime() - Date.parse(at)) / 1000;
  const is = `the last drill, of ${point}, was ${ageText(age)} ago`;
  if (!ok) {
    const wrong = checks.filter((check) => !check.ok).map(({ name, detail }) => `${name}: ${detail}`);
    return [{ name: "drills", ok: false, detail: `${is} and failed: ${wrong.join("; ")}` }];
  }
  const schedule = expected ?? drill?.schedule;
  const limit = schedule?.kind === "cron" ? limitOf(schedule, at) : undefined;
  if (limit !== undefined && age > limit) {
    const detail = `${is}, and their schedule allows ${ageText(limit)}: find out why they stopped`;
    return [{ name: "drills", ok: false, detail }];
  }
  return [{ name: "drills", ok: true, detail: drill ? `${is} and took ${ageText(drill.rtoSeconds)}` : is }];
};

const limitOf = ({ cron, timeZone }: Extract<Schedule, { kind: "cron" }>, at: string): number =>
  INTERVALS * longestInterval(parseCron(cron), timeZone, new Date(at));
