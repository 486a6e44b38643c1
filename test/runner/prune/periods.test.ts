import { describe, expect, it } from "vitest";
import { periodReader } from "../../../runner/prune/periods.ts";

describe("the calendar of a time zone", () => {
  it.each([
    ["20261121T010000Z-0000", "UTC", "2026-11-21", "2026-W47", "2026-11", "2026"],
    ["20261121T010000Z-0000", "America/New_York", "2026-11-20", "2026-W47", "2026-11", "2026"],
    ["20270101T000000Z-0000", "UTC", "2027-01-01", "2026-W53", "2027-01", "2027"],
    ["20270104T000000Z-0000", "UTC", "2027-01-04", "2027-W01", "2027-01", "2027"],
    ["20271231T233000Z-0000", "Europe/Berlin", "2028-01-01", "2027-W52", "2028-01", "2028"],
    ["20301231T120000Z-0000", "UTC", "2030-12-31", "2031-W01", "2030-12", "2030"],
    ["20260329T005959Z-0000", "Europe/London", "2026-03-29", "2026-W13", "2026-03", "2026"],
  ])("%s in %s", (point, zone, day, week, month, year) => {
    expect(periodReader(zone)(point)).toEqual({ day, week, month, year });
  });
});
