import { describe, expect, test } from "vitest";
import { selectExpired } from "../../runner/prune/policy.ts";
import { maxBackups, retention } from "../../spec/index.ts";
import { examplePoint } from "./examples.ts";

/** Points of consecutive days, oldest first. */
const points = (count: number) =>
  Array.from({ length: count }, (_, day) => examplePoint(`202604${String(day + 1).padStart(2, "0")}T213318Z-7f3a`));

describe("keep-N in go-s3-backup's words", () => {
  test.each([
    [0, undefined],
    [1, { keepLast: 1, minimum: 1 }],
    [2, { keepLast: 2, minimum: 2 }],
    [5, { keepLast: 5, minimum: 3 }],
    [10, { keepLast: 10, minimum: 3 }],
  ])("MAX_BACKUPS=%d is %j", (count, expected) => {
    expect(maxBackups(count)).toEqual(expected);
    if (expected) expect(retention.parse(expected)).toEqual(expected);
  });

  test.each([-1, 1.5, Number.NaN])("%d is refused", (count) => expect(() => maxBackups(count)).toThrow(RangeError));

  test("[topobank.3] of eleven backups the oldest goes and ten stay; 0 removes none", () => {
    const kept = (count: number) => {
      const policy = maxBackups(count);
      if (!policy) return 11; // no retention: nothing is pruned
      const now = new Date("2026-04-11T22:00:00Z");
      const schedule = { kind: "none" } as const;
      const { decisions, frozen } = selectExpired({ points: points(11), retention: policy, schedule, now });
      expect(frozen).toEqual([]);
      expect(decisions.filter(({ keep }) => !keep).map(({ point }) => point)).toEqual(["20260401T213318Z-7f3a"]);
      return decisions.filter(({ keep }) => keep).length;
    };
    expect([kept(10), kept(0)]).toEqual([10, 11]);
  });
});
