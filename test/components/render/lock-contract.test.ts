import { expect, test } from "vitest";
import { lockContradiction } from "../../../components/render/lock-contract.ts";
import type { Retention, Schedule } from "../../../spec/index.ts";

const daily: Schedule = { kind: "cron", cron: "@daily", timeZone: "UTC" };
const weekly: Schedule = { kind: "cron", cron: "@weekly", timeZone: "UTC" };
const none: Schedule = { kind: "none" };

/** Days of lock that are just right; one more is a contradiction. */
const CASES: readonly (readonly [string, Partial<Retention>, Schedule, number])[] = [
  ["14 daily points", { keepDaily: 14 }, daily, 14],
  ["the last 5, daily", { keepLast: 5 }, daily, 5],
  ["the last 5, weekly", { keepLast: 5 }, weekly, 35],
  ["a minimum of 10, daily", { keepDaily: 2, minimum: 10 }, daily, 10],
  ["8 weekly points", { keepWeekly: 8 }, daily, 56],
  ["12 monthly points", { keepDaily: 14, keepMonthly: 12 }, daily, 336],
  ["2 yearly points", { keepYearly: 2 }, daily, 730],
  ["4 weeks and 2 days", { keepWithin: "P4W2D" }, daily, 30],
  ["daily rule under a weekly schedule", { keepDaily: 3 }, weekly, 21],
  ["by hand, 14 daily points", { keepDaily: 14 }, none, 14],
];

test.each(CASES)(
  "[beyond.5] a lock of as many days as %s is fine, one day more is refused",
  (_name, retention, schedule, days) => {
    expect(lockContradiction({ mode: "governance", days }, retention, schedule)).toBeUndefined();
    const sentence = lockContradiction({ mode: "governance", days: days + 1 }, retention, schedule);
    expect(sentence).toContain(`for ${days + 1} days`);
    expect(sentence).toContain(`longer than ${days} days`);
  },
);

test("without a lock, without a retention, or where nobody knows how long the last ones last, nothing is refused", () => {
  const lock = { mode: "compliance", days: 9_000 } as const;
  expect(lockContradiction(undefined, { keepLast: 1 }, daily)).toBeUndefined();
  expect(lockContradiction(lock, undefined, daily)).toBeUndefined();
  expect(lockContradiction(lock, { keepLast: 5 }, none)).toBeUndefined();
});
