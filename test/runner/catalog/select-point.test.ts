import { describe, expect, it } from "vitest";
import { selectPoint } from "../../../runner/catalog/select-point.ts";
import type { CatalogPoint, Mark, PointSelector } from "../../../spec/index.ts";
import { samplePoint } from "./sample-point.ts";

const [A, B, C] = ["20261119T010000Z-000a", "20261120T010000Z-000b", "20261121T010000Z-000c"] as const;
const mark = (kind: Mark["kind"], point: string): Mark => ({
  version: 1,
  kind,
  point,
  at: "2026-11-21T12:00:00Z",
  by: "ann",
  reason: "its files were changed",
});
const select = (points: readonly CatalogPoint[], selector: PointSelector, unverified = false) =>
  selectPoint(points, selector, { unverified });
const id = (points: readonly CatalogPoint[], selector: PointSelector, unverified = false) =>
  select(points, selector, unverified).point.id;
const failure = (points: readonly CatalogPoint[], selector: PointSelector, unverified = false) => {
  try {
    select(points, selector, unverified);
  } catch (error) {
    return error;
  }
  return undefined;
};

describe("select latest", () => {
  it("takes the newest, without a word when it is good", () => {
    expect(select([samplePoint(A), samplePoint(B)], "latest")).toMatchObject({ point: { id: B }, warnings: [] });
  });

  it.each(["none", "bad", "untrusted"] as const)(
    "passes over a newer one whose signature is '%s', and says so",
    (state) => {
      const points = [samplePoint(A), samplePoint(B), samplePoint(C, state)];
      const { point, warnings } = select(points, "latest");
      expect(point.id).toBe(B);
      expect(warnings).toEqual([expect.stringContaining(C)]);
      expect(select(points, "latest", true)).toMatchObject({
        point: { id: C },
        warnings: [expect.stringContaining("not believed")],
      });
    },
  );

  it("passes over a quarantined one, with its reason, also unverified", () => {
    const points = [samplePoint(A), samplePoint(B, "valid", { marks: [mark("quarantine", B)] })];
    for (const unverified of [false, true]) {
      const { point, warnings } = select(points, "latest", unverified);
      expect(point.id).toBe(A);
      expect(warnings).toEqual([expect.stringContaining("its files were changed")]);
    }
  });

  it("refuses when none is believed, saying why of the newest", () => {
    expect(failure([samplePoint(A, "bad"), samplePoint(B, "none")], "latest")).toMatchObject({ code: "unsigned" });
    expect(failure([samplePoint(A, "none"), samplePoint(B, "bad")], "latest")).toMatchObject({ code: "bad-signature" });
    expect(failure([samplePoint(A, "untrusted")], "latest")).toMatchObject({
      code: "bad-signature",
      hint: expect.stringContaining("trusted"),
    });
  });

  it("refuses when there is none, or only quarantined ones", () => {
    expect(failure([], "latest")).toMatchObject({ code: "no-points" });
    const quarantined = samplePoint(A, "valid", { marks: [mark("quarantine", A)] });
    expect(failure([quarantined], "latest")).toMatchObject({
      code: "no-points",
      fact: expect.stringContaining("quarantined"),
    });
  });

  it("warns of a manifest that somebody wrote over, and of a point that expires", () => {
    const point = samplePoint(A, "valid", { extraVersions: 1, marks: [mark("expire", A)] });
    expect(select([point], "latest").warnings).toEqual([
      expect.stringContaining("wrote over"),
      expect.stringContaining("expire"),
    ]);
  });
});

describe("select by id", () => {
  it("takes exactly that one; a quarantined one with a warning", () => {
    const points = [samplePoint(A), samplePoint(B, "valid", { marks: [mark("quarantine", B)] }), samplePoint(C)];
    expect(id(points, A)).toBe(A);
    expect(select(points, B)).toMatchObject({ point: { id: B }, warnings: [expect.stringContaining("quarantined")] });
  });

  it("refuses one that is not believed, unless asked to take it", () => {
    const points = [samplePoint(A, "none"), samplePoint(B, "bad"), samplePoint(C)];
    expect(failure(points, A)).toMatchObject({ code: "unsigned", fact: expect.stringContaining(A) });
    expect(failure(points, B)).toMatchObject({ code: "bad-signature" });
    expect(id(points, A, true)).toBe(A);
  });

  it("names the nearest ones when there is none of that id, and how to list", () => {
    const points = [samplePoint("20260101T000000Z-0000"), samplePoint(A), samplePoint(B), samplePoint(C)];
    const error = failure(points, "20261120T010000Z-ffff");
    expect(error).toMatchObject({ code: "unknown-point", hint: expect.stringContaining("restorable list") });
    expect((error as { fact: string }).fact).toContain(`${A}, ${B}, ${C}`);
  });
});

describe("select before", () => {
  const points = [samplePoint(A), samplePoint(B), samplePoint(C)];

  it("takes the newest that was finished before the instant, in any offset", () => {
    // Each point is finished ten minutes after it was begun.
    expect(id(points, { before: "2026-11-20T01:10:00Z" })).toBe(A);
    expect(id(points, { before: "2026-11-20T01:10:01Z" })).toBe(B);
    expect(id(points, { before: "2026-11-20T02:10:00+01:00" })).toBe(A);
    expect(id(points, { before: "2030-01-01T00:00:00Z" })).toBe(C);
  });

  it("refuses when there is none, naming the oldest", () => {
    expect(failure(points, { before: "2026-01-01T00:00:00Z" })).toMatchObject({
      code: "unknown-point",
      fact: expect.stringContaining(A),
    });
  });
});
