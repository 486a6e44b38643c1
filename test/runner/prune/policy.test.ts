import path from "node:path";
import { describe, expect, it } from "vitest";
import { type Selection, selectExpired } from "../../../runner/prune/policy.ts";
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
