import { describe, expect, it } from "vitest";
import { type FreshnessInput, freshness } from "../../../runner/check/freshness.ts";
import type { CatalogPoint } from "../../../spec/index.ts";
import { exampleMark, exampleProof } from "../../spec/examples.ts";
import { series } from "../prune/cases.ts";

const LAST = "2026-11-21T01:00:00Z";
const base: FreshnessInput = {
  points: series(LAST, 3, 24, { 1: { proofs: [true] } }),
  schedule: { kind: "cron", cron: "0 1 * * *", timeZone: "UTC" },
  now: new Date("2026-11-21T13:00:00Z"),
};

const [NEWEST, SECOND] = base.points.map(({ id }) => id);

/** The names of the checks that fail, with what they say. */
const failures = (change: Partial<FreshnessInput>) => {
  const { checks, healthy } = freshness({ ...base, ...change });
  const failed = checks.filter(({ ok }) => !ok).map(({ name, detail }) => [name, detail]);
  expect(healthy).toBe(failed.length === 0);
  return failed;
};

describe("a check", () => {
  it("is healthy when all is well, and says the newest point and its age", () => {
    expect(freshness(base)).toMatchObject({ healthy: true, newest: NEWEST, ageSeconds: 12 * 3600 });
    expect(freshness(base).checks.map(({ name }) => name)).toEqual([
      "fresh",
      "clock",
      "manifests",
      "signatures",
      "overwritten",
      "flags",
      "proofs",
    ]);
  });

  it("allows two intervals of the schedule", () => {
    expect(failures({ now: new Date("2026-11-23T01:00:00Z") })).toEqual([]);
    expect(failures({ now: new Date("2026-11-23T01:00:01Z") })).toEqual([
      [
        "fresh",
        `the newest good point, ${NEWEST}, is 2 days old, and the schedule allows 2 days: find out why backups stopped`,
      ],
    ]);
  });

  it("expects nothing of a plan without a schedule, but a point", () => {
    expect(failures({ schedule: { kind: "none" }, now: new Date("2030-01-01T00:00:00Z") })).toEqual([]);
    expect(failures({ schedule: { kind: "none" }, points: [] })).toEqual([
      ["fresh", "there is no good recovery point: take a backup"],
    ]);
  });

  it("does not take a badly signed or quarantined point for a fresh one", () => {
    const points = series(LAST, 3, 24, { 0: { signature: "bad" }, 1: { marks: ["quarantine"] } });
    const result = freshness({ ...base, points });
    expect(result.newest).toBe(points[2]?.id);
    expect(failures({ points }).map(([name]) => name)).toEqual(["fresh", "signatures"]);
  });

  it("alarms on a manifest that was written over, or cannot be read", () => {
    expect(failures({ points: series(LAST, 2, 24, { 0: { extraVersions: 1 } }) })).toEqual([
      ["overwritten", `the manifest of ${NEWEST} has 1 more version(s): find out who wrote them`],
    ]);
    expect(failures({ unreadable: [{ key: "catalog/x.json", reason: "not JSON" }] })).toEqual([
      ["manifests", "catalog/x.json: not JSON"],
    ]);
  });

  it("alarms on a flagged point until it is accepted, and on a point that failed its verify", () => {
    expect(failures({ points: series(LAST, 2, 24, { 1: { flagged: true } }) })).toEqual([
      ["flags", `${SECOND}: rows fell from 9 to 1; mark it accept or quarantine`],
    ]);
    expect(failures({ points: series(LAST, 2, 24, { 1: { flagged: true, marks: ["accept"] } }) })).toEqual([]);
    expect(failures({ points: series(LAST, 2, 24, { 1: { proofs: [false] } }) })).toEqual([
      ["proofs", `${SECOND} failed its last verify: quarantine it and take a new backup`],
    ]);
  });

  it("alarms on a point of the future", () => {
    expect(failures({ now: new Date("2026-11-21T00:00:00Z") }).map(([name]) => name)).toEqual(["clock"]);
  });

  it("says when nothing is proven yet, without an alarm", () => {
    const { healthy, checks } = freshness({ ...base, points: series(LAST, 2, 24) });
    expect(healthy).toBe(true);
    expect(checks.at(-1)?.detail).toBe("no point is proven yet: run `restorable verify` with a recipient's key");
  });

  describe("of drills", () => {
    const HOURLY = { kind: "cron", cron: "@hourly", timeZone: "UTC" } as const;
    /** The newest point, drilled so many hours ago. */
    const drilled = (hours: number, ok = true, schedule?: typeof HOURLY) =>
      series(LAST, 2, 24).map((point, index) => {
        const at = new Date(base.now.getTime() - hours * 3_600_000).toISOString();
        const drill = { rtoSeconds: 90, rpoSeconds: 60, ...(schedule ? { schedule } : {}) };
        const proof = { ...exampleProof(point.id, ok, at), kind: "drill" as const, drill };
        return index === 0 ? { ...point, proofs: [{ proof, signature: "valid" as const }] } : point;
      });
    const said = (change: Partial<FreshnessInput>) =>
      freshness({ ...base, ...change }).checks.find(({ name }) => name === "drills");

    it("says nothing where nobody drills", () => {
      expect(said({})).toBeUndefined();
      expect(said({ drills: { kind: "none" } })).toBeUndefined();
    });

    it("says when the last one was, and how long it took", () => {
      const detail = `the last drill, of ${NEWEST}, was 3 hours ago and took 1.5 minutes`;
      expect(said({ points: drilled(3) })).toEqual({ name: "drills", ok: true, detail });
    });

    it("alarms when scheduled ones fail to appear: by the schedule in the proof, or by the declared one", () => {
      const late = `the last drill, of ${NEWEST}, was 3 hours ago, and their schedule allows 2 hours: find out why they stopped`;
      expect(failures({ points: drilled(3, true, HOURLY) })).toEqual([["drills", late]]);
      expect(failures({ points: drilled(3), drills: HOURLY })).toEqual([["drills", late]]);
      expect(failures({ points: drilled(3, true, HOURLY), drills: { kind: "none" } })).toEqual([]);
      expect(failures({ points: drilled(1, true, HOURLY) })).toEqual([]);
      expect(failures({ drills: HOURLY })).toEqual([["drills", expect.stringContaining("none has left a proof")]]);
    });

    it("alarms on one that failed, until its point is set aside", () => {
      expect(failures({ points: drilled(1, false) })).toEqual([
        ["proofs", `${NEWEST} failed its last drill: quarantine it and take a new backup`],
        ["drills", `the last drill, of ${NEWEST}, was 1 hours ago and failed: db: dump: read to its end`],
      ]);
      const [first, ...others] = drilled(1, false);
      const at = "2026-11-21T12:30:00Z";
      const points = [{ ...(first as CatalogPoint), marks: [exampleMark(NEWEST ?? "", "quarantine", at)] }, ...others];
      expect(failures({ points })).toEqual([]);
    });

    it("believes no proof of a stranger's", () => {
      const points = drilled(1, false).map((point) => ({
        ...point,
        proofs: point.proofs.map(({ proof }) => ({ proof, signature: "untrusted" as const })),
      }));
      expect(said({ points })).toBeUndefined();
    });
  });
});
