import path from "node:path";
import { describe, expect, it } from "vitest";
import { type Selection, selectExpired } from "../../../runner/prune/policy.ts";
import { type CatalogPoint, newPointId, pointTime } from "../../../spec/index.ts";
import { examplePoint } from "../../spec/examples.ts";
import { CASES, inputOf, series } from "./cases.ts";

/** One line per freeze and per point, as a person would check it by hand. */
const lines = ({ frozen, decisions }: Selection): string =>
  [
    ...frozen.map((reason) => `frozen: ${reason}`),
    ...decisions.map(({ point, keep, reasons }) => `${keep ? "keep  " : "EXPIRE"} ${point}  ${reasons.join(", ")}`),
    "",
  ].join("\n");

describe("[core.2] retention decides", () => {
  it.each(Object.entries(CASES))("%s", async (title, value) => {
    const file = path.join(import.meta.dirname, "golden", `${title.replace(/[^a-z0-9]+/gi, "-")}.txt`);
    await expect(lines(selectExpired(inputOf(value)))).toMatchFileSnapshot(file);
  });
});

describe("[beyond.7] the shrink guard", () => {
  const run = (marks: readonly "accept"[]) =>
    selectExpired(
      inputOf({
        points: series("2026-11-21T01:00:00Z", 5, 24, { 1: { flagged: true, marks } }),
        retention: { keepLast: 1, minimum: 1 },
        schedule: { kind: "none" },
        now: "2026-11-21T02:00:00Z",
      }),
    );

  it("freezes pruning while a flagged point is not accepted, and says how to end it", () => {
    const { frozen, decisions } = run([]);
    expect(decisions.every(({ keep }) => keep)).toBe(true);
    expect(frozen).toEqual([
      "point 20261120T010000Z-1001 is flagged (rows fell from 9 to 1): mark it accept if that is right, or quarantine it",
    ]);
  });

  it("ends with an accept mark", () => {
    const { frozen, decisions } = run(["accept"]);
    expect(frozen).toEqual([]);
    expect(decisions.filter(({ keep }) => !keep)).toHaveLength(4);
  });
});

describe("[chipster.7] 90 daily, 24 monthly and all of 60 days, by a clock that runs for three years", () => {
  const DAY = 86_400_000;
  const retention = { keepDaily: 90, keepMonthly: 24, keepWithin: "P60D", minimum: 3 };
  const schedule = { kind: "cron", cron: "10 1 * * *", timeZone: "UTC" } as const;
  const select = (points: readonly CatalogPoint[], now: Date) =>
    selectExpired(inputOf({ points, retention, schedule, now: now.toISOString() }));
  const at = (day: number, hour: number): Date => new Date(Date.UTC(2024, 0, 1 + day, hour, 10));

  /** Two points a day, pruned each week, as long as the clock is right. */
  const threeYears = (): { points: readonly CatalogPoint[]; now: Date } => {
    let points: readonly CatalogPoint[] = [];
    const last = 3 * 365;
    for (let day = 0; day <= last; day += 1) {
      points = [...points, ...[1, 13].map((hour) => examplePoint(newPointId(at(day, hour), hour)))];
      if (day % 7 !== 0 && day !== last) continue;
      const expired = new Set(
        select(points, at(day, 14)).decisions.flatMap(({ keep, point }) => (keep ? [] : [point])),
      );
      points = points.filter(({ id }) => !expired.has(id));
    }
    return { points, now: at(last, 14) };
  };

  it("keeps both points of each of 60 days, one of each of 90, the last of each of 24 months, and nothing else", () => {
    const { points, now } = threeYears();
    const age = ({ id }: CatalogPoint) => (now.getTime() - pointTime(id).getTime()) / DAY;
    const months = new Set(points.map(({ id }) => id.slice(0, 6)));
    expect(months.size).toBe(24);
    expect(points.filter((point) => age(point) < 60)).toHaveLength(120);
    expect(points.filter((point) => age(point) >= 61 && age(point) < 90)).toHaveLength(29);
    const older = points.filter((point) => age(point) > 91);
    expect(new Set(older.map(({ id }) => id.slice(0, 6))).size).toBe(older.length);
  }, 60_000);

  it("lets nothing go while the newest point lies in the future, or is older than two days", () => {
    const points = series("2026-11-21T01:10:00Z", 200, 24);
    const when = (text: string) => {
      const { frozen, decisions } = select(points, new Date(text));
      return { frozen: frozen.length > 0, all: decisions.every(({ keep }) => keep) };
    };
    expect(when("2026-11-21T06:12:00Z")).toEqual({ frozen: false, all: false });
    expect(when("2026-11-20T06:12:00Z")).toEqual({ frozen: true, all: true });
    expect(when("2026-11-23T06:12:00Z")).toEqual({ frozen: true, all: true });
    expect(when("2026-11-29T06:12:00Z")).toEqual({ frozen: true, all: true });
  });
});
