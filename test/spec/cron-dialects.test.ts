import { describe, expect, test } from "vitest";
import { scheduleSpec } from "../../components/render/plan.ts";
import { fiveFields, nextRuns, parseCron } from "../../spec/index.ts";

const AFTER = new Date("2026-11-21T01:30:00Z");

describe("schedules as go-s3-backup takes them", () => {
  /** The text, its five fields for a scheduler without seconds (or none), and its next two runs. */
  test.each([
    ["@daily", "0 0 * * *", ["2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"]],
    ["@midnight", "0 0 * * *", ["2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"]],
    ["@hourly", "0 * * * *", ["2026-11-21T02:00:00Z", "2026-11-21T03:00:00Z"]],
    ["@weekly", "0 0 * * 0", ["2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"]],
    ["15 3 * * *", "15 3 * * *", ["2026-11-21T03:15:00Z", "2026-11-22T03:15:00Z"]],
    ["*/20 * * * *", "*/20 * * * *", ["2026-11-21T01:40:00Z", "2026-11-21T02:00:00Z"]],
    ["0 30 2 * * *", "30 2 * * *", ["2026-11-21T02:30:00Z", "2026-11-22T02:30:00Z"]],
    ["0 0 4 * * MON", "0 4 * * MON", ["2026-11-23T04:00:00Z", "2026-11-30T04:00:00Z"]],
    ["30 0 2 * * *", undefined, ["2026-11-21T02:00:30Z", "2026-11-22T02:00:30Z"]],
  ])("[topobank.1] %s", (text, five, runs) => {
    const parsed = parseCron(text);
    if (five === undefined) expect(() => fiveFields(parsed)).toThrow(/seconds '30' cannot run/);
    else expect(fiveFields(parsed)).toBe(five);
    const next = nextRuns(parsed, "UTC", AFTER, 2).map((run) => run.toISOString().replace(".000", ""));
    expect(next).toEqual(runs);
  });

  test("[topobank.1] none runs only when somebody asks", () => {
    expect(scheduleSpec({ none: {} })).toEqual({ kind: "none" });
  });

  test.each(["@every 1h", "@reboot", "* * * *", "0 0 0 1 1 * 2026", ""])("'%s' is refused", (text) => {
    expect(() => parseCron(text)).toThrow();
  });
});
