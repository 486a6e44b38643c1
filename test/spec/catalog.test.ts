import { describe, expect, it } from "vitest";
import { isExpiring, isFlagged, isHeld, isProven, isQuarantined } from "../../spec/index.ts";
import { exampleMark, examplePoint, exampleProof } from "./examples.ts";

const ID = "20261121T010000Z-7f3a";
const [EARLY, LATE] = ["2026-11-22T01:00:00Z", "2026-11-22T03:00:00+01:00"];

describe("what marks and proofs make of a point", () => {
  it("expires by the newest of expire and unexpire, by time and not by place", () => {
    const marks = [exampleMark(ID, "expire", LATE), exampleMark(ID, "unexpire", EARLY)];
    expect(isExpiring({ marks })).toBe(true);
    expect(isExpiring({ marks: marks.toReversed() })).toBe(true);
    expect(isExpiring({ marks: [exampleMark(ID, "expire", EARLY), exampleMark(ID, "unexpire", LATE)] })).toBe(false);
  });

  it("keeps what two marks of one instant disagree about", () => {
    const marks = [exampleMark(ID, "expire", EARLY), exampleMark(ID, "unexpire", EARLY)];
    expect([isExpiring({ marks }), isExpiring({ marks: marks.toReversed() })]).toEqual([false, false]);
  });

  it("does not expire what is held", () => {
    expect(isExpiring(examplePoint(ID, { marks: ["hold", "expire"] }))).toBe(false);
    expect(isHeld(examplePoint(ID, { marks: ["hold", "expire"] }))).toBe(true);
  });

  it("is held or quarantined until a later release", () => {
    for (const [kind, inForce] of [
      ["hold", isHeld],
      ["quarantine", isQuarantined],
    ] as const) {
      expect(inForce({ marks: [exampleMark(ID, kind, EARLY), exampleMark(ID, "release", LATE)] })).toBe(false);
      expect(inForce({ marks: [exampleMark(ID, kind, LATE), exampleMark(ID, "release", EARLY)] })).toBe(true);
      expect(inForce({ marks: [exampleMark(ID, kind, EARLY), exampleMark(ID, "release", EARLY)] })).toBe(true);
    }
  });

  it("is flagged until somebody accepts", () => {
    expect(isFlagged(examplePoint(ID, { flagged: true }))).toBe(true);
    expect(isFlagged(examplePoint(ID, { flagged: true, marks: ["accept"] }))).toBe(false);
    expect(isFlagged(examplePoint(ID))).toBe(false);
    expect(isQuarantined(examplePoint(ID, { marks: ["quarantine"] }))).toBe(true);
  });

  it("is proven by its newest believed proof only", () => {
    expect(isProven(examplePoint(ID))).toBe(false);
    expect(isProven(examplePoint(ID, { proofs: [false, true] }))).toBe(true);
    expect(isProven(examplePoint(ID, { proofs: [true, false] }))).toBe(false);
    expect(isProven(examplePoint(ID, { proofs: [true], proofSignature: "untrusted" }))).toBe(false);
  });

  it("believes a failure before a success of the same instant", () => {
    const proofs = [true, false].map((ok) => ({ proof: exampleProof(ID, ok, EARLY), signature: "valid" as const }));
    expect([isProven({ proofs }), isProven({ proofs: proofs.toReversed() })]).toEqual([false, false]);
  });
});
