import type { RetentionInput } from "../../../runner/prune/policy.ts";
import { type CatalogPoint, newPointId, type Retention, retention, type Schedule } from "../../../spec/index.ts";
import { examplePoint } from "../../spec/examples.ts";

type Options = NonNullable<Parameters<typeof examplePoint>[1]>;

const HOUR = 3_600_000;
const NONE: Schedule = { kind: "none" };
const DAILY: Schedule = { kind: "cron", cron: "0 1 * * *", timeZone: "UTC" };
const daily = (timeZone: string): Schedule => ({ kind: "cron", cron: "0 1 * * *", timeZone });

/** `count` points, one every `hours`, the newest at `last`; `options` by place, 0 is the newest. */
export const series = (
  last: string,
  count: number,
  hours: number,
  options: Readonly<Record<number, Options>> = {},
): CatalogPoint[] =>
  Array.from({ length: count }, (_, index) =>
    examplePoint(newPointId(new Date(Date.parse(last) - index * hours * HOUR), 0x1000 + index), options[index]),
  );

const at = (...times: string[]): CatalogPoint[] =>
  times.map((time, index) => examplePoint(newPointId(new Date(time), 0x2000 + index)));

interface Case extends Omit<RetentionInput, "retention" | "now"> {
  readonly retention: Partial<Retention>;
  readonly now: string;
}

const LAST = "2026-11-21T01:00:00Z";
const NOW = "2026-11-21T02:00:00Z";
const base = { schedule: DAILY, now: NOW };

/** Title → input; the expected decisions are in `golden/<title>.txt`. */
export const CASES: Readonly<Record<string, Case>> = {
  "empty catalog": { ...base, points: [], retention: { keepLast: 3 } },
  "one point": { ...base, points: series(LAST, 1, 24), retention: { keepLast: 1 } },
  "keep last": { ...base, points: series(LAST, 8, 24), retention: { keepLast: 4 } },
  "keep daily": { ...base, points: series(LAST, 16, 8), retention: { keepDaily: 4, minimum: 1 } },
  "keep daily over a gap": {
    ...base,
    points: [...series(LAST, 2, 24), ...series("2026-11-10T01:00:00Z", 4, 24)],
    retention: { keepDaily: 4, minimum: 1 },
  },
  "keep weekly": { ...base, points: series(LAST, 24, 24), retention: { keepWeekly: 3, minimum: 1 } },
  "keep weekly over new year": {
    schedule: DAILY,
    now: "2027-01-05T02:00:00Z",
    points: series("2027-01-05T01:00:00Z", 16, 24),
    retention: { keepWeekly: 4, minimum: 1 },
  },
  "keep monthly": { ...base, points: series(LAST, 20, 7 * 24), retention: { keepMonthly: 3, minimum: 1 } },
  "keep yearly": { ...base, points: series(LAST, 12, 100 * 24), retention: { keepYearly: 3, minimum: 1 } },
  "keep within": { ...base, points: series(LAST, 10, 12), retention: { keepWithin: "P2D", minimum: 1 } },
  "keep within weeks and hours": {
    ...base,
    points: series(LAST, 12, 24),
    retention: { keepWithin: "P1WT12H", minimum: 1 },
  },
  "grandfather father son": {
    ...base,
    points: series(LAST, 70, 24),
    retention: { keepDaily: 7, keepWeekly: 4, keepMonthly: 3, minimum: 3 },
  },
  "days of New York": {
    schedule: daily("America/New_York"),
    now: "2026-11-21T12:00:00Z",
    points: at("2026-11-21T06:00:00Z", "2026-11-21T04:00:00Z", "2026-11-20T23:00:00Z", "2026-11-20T04:59:00Z"),
    retention: { keepDaily: 2, minimum: 1 },
  },
  "the same points in UTC": {
    schedule: DAILY,
    now: "2026-11-21T12:00:00Z",
    points: at("2026-11-21T06:00:00Z", "2026-11-21T04:00:00Z", "2026-11-20T23:00:00Z", "2026-11-20T04:59:00Z"),
    retention: { keepDaily: 2, minimum: 1 },
  },
  "the day summer time ends in London": {
    schedule: daily("Europe/London"),
    now: "2026-10-26T01:00:00Z",
    points: at(
      "2026-10-26T00:30:00Z",
      "2026-10-25T23:30:00Z",
      "2026-10-25T00:30:00Z",
      "2026-10-24T23:30:00Z",
      "2026-10-24T22:30:00Z",
    ),
    retention: { keepDaily: 3, minimum: 1 },
  },
  "minimum wins over the rules": { ...base, points: series(LAST, 6, 24), retention: { keepLast: 1, minimum: 4 } },
  "fewer than the minimum": { ...base, points: series(LAST, 2, 24), retention: { keepLast: 1, minimum: 4 } },
  "held points": {
    ...base,
    points: series(LAST, 6, 24, { 3: { marks: ["hold"] }, 5: { marks: ["expire", "hold"] } }),
    retention: { keepLast: 2, minimum: 1 },
  },
  "the newest proven point": {
    ...base,
    points: series(LAST, 6, 24, { 3: { proofs: [true] }, 4: { proofs: [true] } }),
    retention: { keepLast: 1, minimum: 1 },
  },
  "a proof by an unknown key": {
    ...base,
    points: series(LAST, 6, 24, { 3: { proofs: [true], proofSignature: "untrusted" }, 5: { proofs: [true] } }),
    retention: { keepLast: 1, minimum: 1 },
  },
  "a proof that was overtaken by a failure": {
    ...base,
    points: series(LAST, 6, 24, { 2: { proofs: [true, false] }, 4: { proofs: [true] } }),
    retention: { keepLast: 1, minimum: 1 },
  },
  "already marked expire": {
    ...base,
    points: series(LAST, 8, 24, { 2: { marks: ["expire"] }, 5: { marks: ["expire", "unexpire"] } }),
    retention: { keepLast: 3, minimum: 1 },
  },
  "the newest is marked expire": {
    ...base,
    points: series(LAST, 4, 24, { 0: { marks: ["expire"] } }),
    retention: { keepLast: 1, minimum: 1 },
  },
  "too few that are not marked expire": {
    ...base,
    points: series(LAST, 5, 24, { 0: { marks: ["expire"] }, 1: { marks: ["expire"] }, 2: { marks: ["expire"] } }),
    retention: { keepLast: 1, minimum: 4 },
  },
  "quarantined points": {
    ...base,
    points: series(LAST, 6, 24, { 0: { marks: ["quarantine"] }, 2: { marks: ["quarantine", "expire"] } }),
    retention: { keepLast: 2, minimum: 2 },
  },
  "bad and missing signatures": {
    ...base,
    schedule: NONE,
    points: series(LAST, 7, 24, { 0: { signature: "bad" }, 1: { signature: "none" }, 3: { signature: "untrusted" } }),
    retention: { keepLast: 2, minimum: 2 },
  },
  "no good point": {
    ...base,
    points: series(LAST, 3, 24, { 0: { signature: "none" }, 1: { signature: "none" }, 2: { marks: ["quarantine"] } }),
    retention: { keepLast: 1 },
  },
  "frozen: flagged": {
    ...base,
    points: series(LAST, 5, 24, { 0: { flagged: true } }),
    retention: { keepLast: 1, minimum: 1 },
  },
  "frozen: flagged some days ago": {
    ...base,
    points: series(LAST, 5, 24, { 2: { flagged: true } }),
    retention: { keepLast: 1, minimum: 1 },
  },
  "flagged and accepted": {
    ...base,
    points: series(LAST, 5, 24, { 0: { flagged: true, marks: ["accept"] } }),
    retention: { keepLast: 1, minimum: 1 },
  },
  "flagged and quarantined": {
    ...base,
    points: series(LAST, 5, 24, { 0: { flagged: true, marks: ["quarantine"] } }),
    retention: { keepLast: 1, minimum: 1 },
  },
  "frozen: in the future": {
    ...base,
    now: "2026-11-20T23:00:00Z",
    points: series(LAST, 5, 24),
    retention: { keepLast: 1, minimum: 1 },
  },
  "a clock that is a minute off": {
    ...base,
    now: "2026-11-21T00:59:00Z",
    points: series(LAST, 5, 24),
    retention: { keepLast: 1, minimum: 1 },
  },
  "frozen: stale": {
    ...base,
    now: "2026-11-23T01:00:01Z",
    points: series(LAST, 5, 24),
    retention: { keepLast: 1, minimum: 1 },
  },
  "just not stale": {
    ...base,
    now: "2026-11-23T01:00:00Z",
    points: series(LAST, 5, 24),
    retention: { keepLast: 1, minimum: 1 },
  },
  "old, without a schedule": {
    schedule: NONE,
    now: "2028-01-01T00:00:00Z",
    points: series(LAST, 5, 24),
    retention: { keepWithin: "P1D", minimum: 1 },
  },
  "frozen: stale, because the newest is quarantined": {
    ...base,
    points: series(LAST, 5, 24, {
      0: { marks: ["quarantine"] },
      1: { marks: ["quarantine"] },
      2: { signature: "bad" },
    }),
    retention: { keepLast: 1, minimum: 1 },
  },
  "frozen: unreadable manifest": {
    ...base,
    points: series(LAST, 4, 24),
    unreadable: [{ key: "catalog/20261118T010000Z-0000.json", reason: "not JSON" }],
    retention: { keepLast: 1, minimum: 1 },
  },
  "frozen for several reasons": {
    ...base,
    now: "2026-12-24T00:00:00Z",
    points: series(LAST, 4, 24, { 1: { flagged: true }, 3: { marks: ["expire"] } }),
    unreadable: [{ key: "catalog/x.json", reason: "not JSON" }],
    retention: { keepLast: 1, minimum: 1 },
  },
};

export const inputOf = ({ retention: rules, now, ...rest }: Case): RetentionInput => ({
  ...rest,
  retention: retention.parse(rules),
  now: new Date(now),
});
