import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isGood } from "../../../runner/prune/freezes.ts";
import { type RetentionInput, selectExpired } from "../../../runner/prune/policy.ts";
import { type CatalogPoint, isExpiring, isHeld, isProven, newPointId, retention } from "../../../spec/index.ts";
import { exampleMark, examplePoint } from "../../spec/examples.ts";

const START = Date.parse("2026-01-01T00:00:00Z");
const NOW = START + 400 * 86_400_000;

const often = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });

const options = fc.record({
  signature: often<CatalogPoint["signature"]>("valid", "bad", "none", "untrusted"),
  marks: often<readonly ("hold" | "expire" | "unexpire" | "quarantine" | "accept")[]>(
    [],
    ["hold"],
    ["expire"],
    ["expire", "unexpire"],
    ["quarantine"],
    ["expire", "hold"],
  ),
  proofs: often<readonly boolean[]>([], [true], [false], [true, false]),
  flagged: often(false, false, false, true),
});

const points = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 9_600 }), options), { selector: ([hour]) => hour, maxLength: 25 })
  .map((drawn) =>
    drawn.map(([hour, option]) => examplePoint(newPointId(new Date(START + hour * 3_600_000), hour), option)),
  );

const keep = fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined });

const rules = fc
  .record({
    keepLast: keep,
    keepDaily: keep,
    keepWeekly: keep,
    keepMonthly: keep,
    keepYearly: keep,
    keepWithin: fc.constantFrom(undefined, "P3D", "P8W", "PT30H"),
    minimum: fc.integer({ min: 1, max: 6 }),
  })
  .filter((drawn) => Object.values(drawn).filter((value) => value !== undefined).length > 1)
  .map((drawn) => retention.parse(drawn));

const input: fc.Arbitrary<RetentionInput> = fc.record({
  points,
  retention: rules,
  schedule: fc.constant({ kind: "none" } as const),
  now: fc.constant(new Date(NOW)),
});

const expired = (value: RetentionInput): Set<string> =>
  new Set(
    selectExpired(value)
      .decisions.filter((decision) => !decision.keep)
      .map(({ point }) => point),
  );

const newestFirst = (all: readonly CatalogPoint[]) => all.toSorted((a, b) => (a.id > b.id ? -1 : 1));

const holds = (property: (value: RetentionInput, selected: Set<string>) => void) =>
  fc.assert(
    fc.property(input, (value) => property(value, expired(value))),
    { numRuns: 400 },
  );

describe("[core.2] retention never", () => {
  it("selects the newest good point, the newest proven one, or one that is held", () => {
    holds(({ points: all }, selected) => {
      const good = newestFirst(all).filter(isGood);
      for (const kept of [good[0], good.find(isProven), ...all.filter(isHeld)]) {
        if (kept) expect(selected).not.toContain(kept.id);
      }
    });
  });

  it("selects what is quarantined or not signed by a trusted key", () => {
    holds(({ points: all }, selected) => {
      for (const { id } of all.filter((point) => !isGood(point))) expect(selected).not.toContain(id);
    });
  });

  it("leaves fewer than the minimum of good points, unless there are fewer", () => {
    holds(({ points: all, retention: { minimum } }, selected) => {
      const good = all.filter(isGood);
      const left = good.filter(({ id }) => !selected.has(id));
      expect(left.length).toBeGreaterThanOrEqual(Math.min(minimum, good.length));
      const staying = (some: readonly CatalogPoint[]) => some.filter((point) => !isExpiring(point)).length;
      expect(staying(left)).toBeGreaterThanOrEqual(Math.min(minimum, staying(good)));
    });
  });

  it("selects anything while it is frozen", () => {
    holds((value, selected) => {
      if (selectExpired(value).frozen.length > 0) expect([...selected]).toEqual([]);
    });
  });
});

describe("[core.2] retention", () => {
  it("does not depend on the order of its input", () => {
    fc.assert(
      fc.property(input, fc.infiniteStream(fc.nat()), (value, noise) => {
        const shuffled = value.points
          .map((point) => [noise.next().value, point] as const)
          .toSorted(([a], [b]) => a - b)
          .map(([, point]) => point);
        expect(selectExpired({ ...value, points: shuffled })).toEqual(selectExpired(value));
      }),
    );
  });

  it("selects the same again after its selection was marked, and nothing more after that is gone", () => {
    holds((value, selected) => {
      const marked = value.points.map((point) =>
        selected.has(point.id)
          ? { ...point, marks: [...point.marks, exampleMark(point.id, "expire", new Date(NOW).toISOString())] }
          : point,
      );
      expect(expired({ ...value, points: marked })).toEqual(selected);
      expect(expired({ ...value, points: value.points.filter(({ id }) => !selected.has(id)) }).size).toBe(0);
    });
  });

  it("keeps to the minimum also when a newer good point arrives", () => {
    holds((value) => {
      const all = [...value.points, examplePoint(newPointId(new Date(NOW), 0))];
      const left = all.filter((point) => isGood(point) && !expired({ ...value, points: all }).has(point.id));
      expect(left.length).toBeGreaterThanOrEqual(Math.min(value.retention.minimum, all.filter(isGood).length));
    });
  });

  it("decides about every point once, newest first", () => {
    holds((value) => {
      const decided = selectExpired(value).decisions.map(({ point }) => point);
      expect(decided).toEqual(newestFirst(value.points).map(({ id }) => id));
    });
  });
});
