import { pointTime, type Retention } from "../../spec/index.ts";
import { type Periods, periodReader } from "./periods.ts";

/**
 * Which rules keep which points: point → reasons. `points` are the ids that count, newest first. Each period keeps its
 * newest point, and a period without any point does not count: after a gap, older ones stay instead.
 */
export const keepRules = (points: readonly string[], retention: Retention, timeZone: string): Map<string, string[]> => {
  const reasons = new Map<string, string[]>();
  const keep = (point: string, reason: string) => reasons.set(point, [...(reasons.get(point) ?? []), reason]);
  for (const point of points.slice(0, retention.keepLast ?? 0)) keep(point, `keepLast ${retention.keepLast}`);
  const periodsOf = periodReader(timeZone);
  const periods = points.map((point) => [point, periodsOf(point)] as const);
  for (const [rule, period] of RULES) {
    for (const [name, point] of newestOf(periods, period, retention[rule] ?? 0)) keep(point, `${rule} ${name}`);
  }
  for (const point of within(points, retention.keepWithin)) keep(point, `keepWithin ${retention.keepWithin}`);
  return reasons;
};

const RULES = [
  ["keepDaily", "day"],
  ["keepWeekly", "week"],
  ["keepMonthly", "month"],
  ["keepYearly", "year"],
] as const satisfies readonly (readonly [keyof Retention, keyof Periods])[];

/** The newest point of each of the newest `count` periods. */
const newestOf = (
  points: readonly (readonly [string, Periods])[],
  period: keyof Periods,
  count: number,
): Map<string, string> => {
  const chosen = new Map<string, string>();
  for (const [point, names] of points) {
    if (chosen.size === count) break;
    if (!chosen.has(names[period])) chosen.set(names[period], point);
  }
  return chosen;
};

/** Counted back from the newest point, not from today: when backups stop, expiry stops. */
const within = (points: readonly string[], duration: string | undefined): readonly string[] => {
  const [newest] = points;
  if (newest === undefined || duration === undefined) return [];
  const oldest = pointTime(newest).getTime() - milliseconds(duration);
  return points.filter((point) => pointTime(point).getTime() >= oldest);
};

const HOUR = 3_600_000;

const milliseconds = (duration: string): number => {
  const [, weeks = "0", days = "0", hours = "0"] = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(\d+)H)?$/.exec(duration) ?? [];
  return (Number(weeks) * 7 * 24 + Number(days) * 24 + Number(hours)) * HOUR;
};
