import { pointTime } from "../../spec/index.ts";

/** The calendar periods in which a point began, as people write them: `2026-11-21`, `2026-W47`, `2026-11`, `2026`. */
export interface Periods {
  readonly day: string;
  readonly week: string;
  readonly month: string;
  readonly year: string;
}

/** Reads the calendar of a time zone; one reader serves many points, because making one is slow. */
export const periodReader = (timeZone: string): ((point: string) => Periods) => {
  const format = new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
  return (point) => {
    const parts = Object.fromEntries(format.formatToParts(pointTime(point)).map(({ type, value }) => [type, value]));
    const [year, month, day] = [parts.year ?? "", parts.month ?? "", parts.day ?? ""];
    return { day: `${year}-${month}-${day}`, week: isoWeek(+year, +month, +day), month: `${year}-${month}`, year };
  };
};

const DAY = 86_400_000;

/** A week belongs to the year in which its Thursday lies. */
const isoWeek = (year: number, month: number, day: number): string => {
  const date = Date.UTC(year, month - 1, day);
  const weekday = (new Date(date).getUTCDay() + 6) % 7;
  const thursday = new Date(date + (3 - weekday) * DAY);
  const week = Math.floor((thursday.getTime() - Date.UTC(thursday.getUTCFullYear(), 0, 1)) / DAY / 7) + 1;
  return `${thursday.getUTCFullYear()}-W${String(week).padStart(2, "0")}`;
};
