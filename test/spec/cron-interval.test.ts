import { describe, expect, it } from "vitest";
import { longestInterval, nextRuns, parseCron } from "../../spec/index.ts";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe("the longest interval of a schedule", () => {
  it.each([
    ["* * * * * *", "UTC", MINUTE],
    ["* * * * *", "UTC", MINUTE],
    ["@hourly", "Europe/London", HOUR],
    ["@daily", "UTC", DAY],
    ["@daily", "Europe/London", DAY + HOUR], // the day on which summer time ends
    ["0 0,12 * * *", "Europe/Berlin", 13 * HOUR],
    ["0 8,16 * * *", "UTC", 16 * HOUR],
    ["@weekly", "UTC", 7 * DAY],
    ["@monthly", "UTC", 31 * DAY],
    ["@yearly", "UTC", 365 * DAY],
    ["0 0 29 2 *", "UTC", (4 * 365 + 1) * DAY],
    // So many runs in one day that a look at the first ones alone would miss the weekend.
    ["* 8-18 * * 1-5", "UTC", 2 * DAY + 13 * HOUR + MINUTE],
    ["*/5 0 1 * *", "UTC", 31 * DAY - 55 * MINUTE],
  ])("'%s' in %s", (cron, zone, seconds) => {
    expect(longestInterval(parseCron(cron), zone, new Date("2026-01-07T10:20:30Z"))).toBe(seconds);
  });

  it.each(["7 3 * * 2", "0 6,18 1-7 * *", "*/20 22-23 * * *", "0 9-17/4 * * 1-5"])(
    "'%s' agrees with a look at every run",
    (cron) => {
      const [start, expression] = [new Date("2026-02-01T00:00:00Z"), parseCron(cron)];
      const runs = nextRuns(expression, "Europe/Berlin", start, 2_300).filter(
        (run) => run.getTime() < start.getTime() + 370 * DAY * 1000,
      );
      const gaps = runs.slice(1).map((run, index) => (run.getTime() - (runs[index]?.getTime() ?? 0)) / 1000);
      expect(longestInterval(expression, "Europe/Berlin", start)).toBe(Math.max(...gaps));
    },
  );
});
