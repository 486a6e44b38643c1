import { formatSeconds } from "../launch/index.ts";

const DAY = 86_400;

/** A long time for people, in its two largest units: `12 s`, `3 h 5 min`, `4 d 2 h`. */
export const duration = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds));
  return whole < DAY ? formatSeconds(whole) : `${Math.floor(whole / DAY)} d ${Math.floor((whole % DAY) / 3600)} h`;
};

/** How long ago, or how long until, seen from now. */
export const since = (at: Date, now: Date): string => {
  const seconds = (now.getTime() - at.getTime()) / 1000;
  return seconds >= 0 ? `${duration(seconds)} ago` : `in ${duration(-seconds)}`;
};

/** An instant in UTC, to the second: `2026-11-21 01:00:00Z`. */
export const utc = (at: Date | string): string =>
  new Date(at)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, "Z");

export const integer = (value: number): string => value.toLocaleString("en-US");
