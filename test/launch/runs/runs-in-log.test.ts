import { describe, expect, it } from "vitest";
import { runsInLog } from "../../../launch/runs/runs-in-log.ts";
import type { Result } from "../../../spec/index.ts";
import { examplePoint } from "../../spec/examples.ts";

const POINT = "20261121T010000Z-7f3a";
const at = (second: number) => new Date(Date.UTC(2026, 10, 21, 1, 0, second)).toISOString();
const step = (second: number, name: string, text: string) =>
  JSON.stringify({ type: "step", at: at(second), step: name, text });
const done = { version: 1, ok: true, started: at(0), finished: at(1) } as const;
const taken = JSON.stringify({
  ...done,
  kind: "backup",
  manifest: examplePoint(POINT).manifest,
  removedLeftovers: 0,
  warnings: [],
} satisfies Result);
const refused = JSON.stringify({
  ...done,
  ok: false,
  kind: "backup",
  error: { code: "bad-credentials", fact: "the server refused the password", hint: "correct it" },
} satisfies Result);

const begins = (second: number) => step(second, "run", "a run begins");
const waits = (second: number) => step(second, "schedule", "the next run begins at …");

describe("the runs in a scheduler's log", () => {
  it("are those between its own steps, each with its result, the last one maybe without an end", () => {
    const log = [
      waits(0),
      begins(1),
      step(2, "lease", "…"),
      taken,
      waits(5),
      begins(10),
      waits(12),
      refused,
      begins(20),
    ];
    expect(runsInLog(log).map(({ run }) => run)).toEqual([
      { id: "20261121T010001Z", state: "succeeded", by: "schedule", began: at(1), ended: at(5), point: POINT },
      {
        ...{ id: "20261121T010010Z", state: "failed", by: "schedule", began: at(10), ended: at(12) },
        error: "the server refused the password",
      },
      { id: "20261121T010020Z", state: "running", by: "schedule", began: at(20) },
    ]);
    expect(runsInLog(log)[0]?.lines).toEqual(log.slice(1, 5));
  });

  it("have failed where they ended without a point, and where what is no JSON came in between", () => {
    const [only] = runsInLog([begins(1), "{ half a line", "FATAL: out of memory", waits(3)]);
    expect(only?.run).toMatchObject({ state: "failed", ended: at(3) });
  });

  it("of an empty log, and of one that begins in the middle, are none", () => {
    expect(runsInLog([])).toEqual([]);
    expect(runsInLog([taken, waits(2)])).toEqual([]);
  });
});
