import { longestInterval, parseCron, pointTime, type Schedule } from "../../spec/index.ts";

/** How many of the schedule's longest intervals may pass before a newest point is stale. */
const INTERVALS = 2;
/** How far two clocks may be apart before a point counts as one of the future, in seconds. */
const CLOCK_TOLERANCE = 300;

/** Seconds since a point was begun; negative when that lies in the future. */
export const ageOf = (point: string, now: Date): number => (now.getTime() - pointTime(point).getTime()) / 1000;

export const isInFuture = (point: string, now: Date): boolean => ageOf(point, now) < -CLOCK_TOLERANCE;

/**
 * The age at which a plan's newest point is stale, in seconds: two of the schedule's longest intervals. Undefined
 * without a schedule: a plan that runs when somebody asks expects nothing.
 */
export const staleAfter = (schedule: Schedule, newest: string): number | undefined =>
  schedule.kind === "cron"
    ? INTERVALS * longestInterval(parseCron(schedule.cron), schedule.timeZone, pointTime(newest))
    : undefined;

/** A duration as people say it, in its largest fitting unit: `3.5 days`. */
export const ageText = (seconds: number): string => {
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ["seconds", 1];
  return `${Number((seconds / size).toFixed(1))} ${unit}`;
};

const UNITS = [
  ["days", 86_400],
  ["hours", 3_600],
  ["minutes", 60],
] as const;
