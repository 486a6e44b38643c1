import { type CronExpression, lastRun, nextRuns } from "./cron.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;

/**
 * The longest gap between two runs in the year after an instant, in seconds: what freshness is measured against.
 * Seconds inside a minute are left out, so the answer for a schedule that runs several times a minute is 60.
 *
 * Not every run is looked at, or a schedule with one a minute would need half a million. A gap of a day or more spans
 * one of the samples a day apart; a shorter one is the same every day, so two days show it, except where a
 * daylight-saving change stretches it.
 */
export const longestInterval = (expression: CronExpression, timeZone: string, after: Date): number => {
  const minutes = { ...expression, seconds: /^\d+$/.test(expression.seconds) ? expression.seconds : "0" };
  const gapAt = (instant: number): number => {
    const before = lastRun(minutes, timeZone, new Date(instant));
    const [next] = nextRuns(minutes, timeZone, new Date(instant), 1);
    return before && next ? next.getTime() - before.getTime() : 0;
  };
  const days = Array.from({ length: 370 }, (_, day) => after.getTime() + day * DAY);
  const samples = [...days, ...offsetChanges(days, timeZone)];
  return samples.map(gapAt).reduce((longest, gap) => Math.max(longest, gap), shortGap(minutes, timeZone, after)) / 1000;
};

/** The longest gap in the two days after an instant. */
const shortGap = (expression: CronExpression, timeZone: string, after: Date): number => {
  const runs = nextRuns(expression, timeZone, after, (2 * DAY) / MINUTE).map((run) => run.getTime());
  const near = runs.filter((run) => run <= after.getTime() + 2 * DAY);
  return near.slice(1).reduce((longest, run, index) => Math.max(longest, run - (near[index] ?? run)), 0);
};

/** The last instants, to a minute, before the zone's offset changes. */
const offsetChanges = (days: readonly number[], timeZone: string): number[] => {
  const format = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" });
  const offset = (instant: number) => format.formatToParts(instant).find(({ type }) => type === "timeZoneName")?.value;
  return days.flatMap((day, index) => {
    const previous = days[index - 1];
    if (previous === undefined || offset(previous) === offset(day)) return [];
    let [low, high] = [previous, day];
    while (high - low > MINUTE) {
      const middle = (low + high) / 2;
      if (offset(middle) === offset(low)) low = middle;
      else high = middle;
    }
    return [low];
  });
};
