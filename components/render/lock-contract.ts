import { longestInterval, parseCron, type Retention, type Schedule } from "../../spec/index.ts";

export interface Lock {
  readonly mode: "governance" | "compliance";
  readonly days: number;
}

/** Any year will do: what counts is the longest gap between two runs. */
const YEAR = new Date(Date.UTC(2026, 0, 1));

/**
 * Whether a bucket's Object Lock and a plan's retention can both be kept. They cannot when the lock outlasts everything
 * that the retention keeps: then every point that is to expire is still locked, and none ever goes in time.
 *
 * @returns why not, in one sentence; undefined when they agree
 */
export const lockContradiction = (
  lock: Lock | undefined,
  retention: Partial<Retention> | undefined,
  schedule: Schedule,
): string | undefined => {
  if (!lock || !retention) return undefined;
  const days = longestKept(retention, schedule);
  if (days === undefined || lock.days <= days) return undefined;
  return `the bucket's ${lock.mode} lock holds every object for ${lock.days} days, but this retention keeps no point longer than ${days} days, so nothing could expire when it should: keep points for at least ${lock.days} days, or lock for at most ${days}`;
};

/** Days that the most patient rule keeps a point; undefined where that depends on when somebody asks for a backup. */
const longestKept = (retention: Partial<Retention>, schedule: Schedule): number | undefined => {
  const { keepLast, keepDaily, keepWeekly, keepMonthly, keepYearly, keepWithin, minimum = 3 } = retention;
  if (schedule.kind === "none" && keepLast !== undefined) return undefined;
  const gap = longestGap(schedule);
  const counted = Math.max(keepLast ?? 0, minimum) * gap;
  const periods = [
    (keepDaily ?? 0) * Math.max(1, gap),
    (keepWeekly ?? 0) * Math.max(7, gap),
    (keepMonthly ?? 0) * Math.max(28, gap),
    (keepYearly ?? 0) * Math.max(365, gap),
  ];
  return Math.floor(Math.max(counted, ...periods, durationDays(keepWithin)));
};

/** Thousands of plans share a few schedules, and each takes a while to walk through. */
const gaps = new Map<string, number>();

const longestGap = (schedule: Schedule): number => {
  if (schedule.kind === "none") return 0;
  const key = `${schedule.cron} ${schedule.timeZone}`;
  const days = gaps.get(key) ?? longestInterval(parseCron(schedule.cron), schedule.timeZone, YEAR) / 86_400;
  gaps.set(key, days);
  return days;
};

const durationDays = (duration: string | undefined): number => {
  const [, weeks, days, hours] = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(\d+)H)?$/.exec(duration ?? "") ?? [];
  return Number(weeks ?? 0) * 7 + Number(days ?? 0) + Number(hours ?? 0) / 24;
};
