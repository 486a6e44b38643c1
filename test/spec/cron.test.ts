import { describe, expect, it } from "vitest";
import { fiveFields, lastRun, nextRuns, parseCron, schedule } from "../../spec/index.ts";

const GOOD: readonly [text: string, seconds: string, fields: string][] = [
  ["0 1 * * *", "0", "0 1 * * *"],
  ["  0   1 * * *  ", "0", "0 1 * * *"],
  ["30 0 1 * * *", "30", "0 1 * * *"],
  ["*/10 * * * * *", "*/10", "* * * * *"],
  ["*/15 8-18 * * MON-FRI", "0", "*/15 8-18 * * MON-FRI"],
  ["0 0 1,15 JAN,jul *", "0", "0 0 1,15 JAN,jul *"],
  ["0 0 29 2 *", "0", "0 0 29 2 *"],
  ["0 0 * * 7", "0", "0 0 * * 7"],
  ["@hourly", "0", "0 * * * *"],
  ["@daily", "0", "0 0 * * *"],
  ["@midnight", "0", "0 0 * * *"],
  ["@Weekly", "0", "0 0 * * 0"],
  ["@monthly", "0", "0 0 1 * *"],
  ["@yearly", "0", "0 0 1 1 *"],
  ["@annually", "0", "0 0 1 1 *"],
];

const BAD: readonly [text: string, sentence: string][] = [
  ["", "the schedule is empty; expected five fields, or a nickname such as @daily"],
  ["daily", "'daily' has 1 field; expected five, or six with seconds first"],
  ["0 0 * *", "'0 0 * *' has 4 fields; expected five, or six with seconds first"],
  ["0 0 0 1 1 * 2026", "'0 0 0 1 1 * 2026' has 7 fields; expected five, or six with seconds first"],
  ["@reboot", "'@reboot' is not one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually"],
  ["60 * * * *", "minute: '60' is not from 0 to 59"],
  ["1-60/2 * * * *", "minute: '1-60/2' is not from 0 to 59"],
  ["60 0 0 * * *", "second: '60' is not from 0 to 59"],
  ["0 24 * * *", "hour: '24' is not from 0 to 23"],
  ["0 0 32 * *", "day of month: '32' is not from 1 to 31"],
  ["0 0 0 * *", "day of month: '0' is not from 1 to 31"],
  ["0 0 * 13 *", "month: '13' is not from 1 to 12, or JAN to DEC"],
  ["0 0 * * 8", "day of week: '8' is not from 0 to 7, or SUN to SAT"],
  ["0 0 L * *", "day of month: 'L' is not from 1 to 31"],
  ["0 0 15W * *", "day of month: '15W' is not from 1 to 31"],
  ["0 0 * * 1#2", "day of week: '1#2' is not from 0 to 7, or SUN to SAT"],
  ["? * * * *", "minute: '?' is not from 0 to 59"],
  ["-1 * * * *", "minute: '-1' is not from 0 to 59"],
  ["0 0 1,,2 * *", "day of month: '' is not '*', a number, a range or a step"],
  ["*/0 * * * *", "minute: the step in '*/0' is not from 1 to 59"],
  ["*/90 * * * *", "minute: the step in '*/90' is not from 1 to 59"],
  ["5/15 * * * *", "minute: '5/15' has a step without a range; write '5-59/15'"],
  ["1-2-3 * * * *", "minute: '1-2-3' has more than one '-'"],
  ["30-10 * * * *", "minute: '30-10' begins after it ends"],
  ["0 0 31 2 *", "'0 0 31 2 *' never runs: no month has that day"],
];

/** [zone, schedule, after, runs]: the hours that a daylight-saving change skips or repeats. */
const RUNS: readonly [zone: string, cron: string, after: string, runs: string[]][] = [
  ["Europe/London", "30 0 * * *", "2026-03-28T12:00:00Z", ["2026-03-29T00:30Z", "2026-03-29T23:30Z"]],
  ["Europe/London", "30 1 * * *", "2026-03-28T12:00:00Z", ["2026-03-29T01:00Z", "2026-03-30T00:30Z"]],
  ["Europe/London", "30 1 * * *", "2026-10-24T12:00:00Z", ["2026-10-25T00:30Z", "2026-10-26T01:30Z"]],
  ["Europe/London", "0 2 * * *", "2026-10-24T12:00:00Z", ["2026-10-25T02:00Z", "2026-10-26T02:00Z"]],
  ["Europe/Berlin", "30 2 * * *", "2026-03-28T12:00:00Z", ["2026-03-29T01:00Z", "2026-03-30T00:30Z"]],
  ["Europe/Berlin", "30 2 * * *", "2026-10-24T12:00:00Z", ["2026-10-25T00:30Z", "2026-10-26T01:30Z"]],
  ["Europe/Berlin", "@daily", "2026-10-24T12:00:00Z", ["2026-10-24T22:00Z", "2026-10-25T23:00Z"]],
  ["Europe/London", "0 * * * *", "2026-03-29T00:10:00Z", ["2026-03-29T01:00Z", "2026-03-29T02:00Z"]],
  [
    "Europe/London",
    "0 * * * *",
    "2026-10-24T23:10:00Z",
    ["2026-10-25T00:00Z", "2026-10-25T01:00Z", "2026-10-25T02:00Z"],
  ],
  [
    "Europe/Berlin",
    "*/30 * * * *",
    "2026-10-25T00:00:00Z",
    ["2026-10-25T00:30Z", "2026-10-25T01:00Z", "2026-10-25T01:30Z"],
  ],
  ["UTC", "15 0 1 * * *", "2026-10-25T00:00:00Z", ["2026-10-25T01:00:15Z"]],
];

const plainTime = (date: Date) =>
  date
    .toISOString()
    .replace(/\.000Z$/, "Z")
    .replace(/:00Z$/, "Z");

describe("cron", () => {
  it.each(GOOD)("reads '%s'", (text, seconds, fields) => {
    expect(parseCron(text)).toEqual({ seconds, fields });
  });

  it.each(BAD)("refuses '%s'", (text, sentence) => {
    expect(() => parseCron(text)).toThrow(new Error(sentence));
    const [issue, more] = schedule.safeParse({ kind: "cron", cron: text, timeZone: "UTC" }).error?.issues ?? [];
    expect(issue).toMatchObject({ path: ["cron"], message: sentence });
    expect(more).toBeUndefined();
  });

  it.each(RUNS)("in %s, '%s' after %s", (zone, cron, after, runs) => {
    expect(nextRuns(parseCron(cron), zone, new Date(after), runs.length).map(plainTime)).toEqual(runs);
  });

  it("gives five fields to a scheduler without seconds, or says why not", () => {
    expect(fiveFields(parseCron("00 5 1 * * *"))).toBe("5 1 * * *");
    expect(() => fiveFields(parseCron("30 5 1 * * *"))).toThrow(
      "seconds '30' cannot run on this scheduler, which has minutes at best; use 0",
    );
  });

  it.each([
    ["2026-01-01T00:00:00.000Z", "2026-01-01T00:00Z"],
    ["2026-01-01T00:59:59.999Z", "2026-01-01T00:00Z"],
    ["2025-12-31T23:59:59.500Z", "2025-12-31T23:00Z"],
  ])("the last hourly run at %s", (at, run) => {
    expect(lastRun(parseCron("@hourly"), "UTC", new Date(at))).toEqual(new Date(run.replace(/Z$/, ":00Z")));
  });

  it.each(["Europe/London", "Europe/Kyiv", "Europe/Kiev", "America/Argentina/Ushuaia", "UTC", "Etc/UTC"])(
    "knows the zone %s",
    (timeZone) => {
      expect(schedule.safeParse({ kind: "cron", cron: "@daily", timeZone }).success).toBe(true);
    },
  );

  it.each(["", "Mars/Olympus", "+01:00", "europe/london", "London", "BST"])("refuses the zone '%s'", (timeZone) => {
    const { error } = schedule.safeParse({ kind: "cron", cron: "@daily", timeZone });
    expect(error?.issues).toMatchObject([
      { path: ["timeZone"], message: "expected an IANA time zone such as Europe/London, or UTC" },
    ]);
  });
});
