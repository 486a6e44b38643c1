import { describe, expect, it } from "vitest";
import { expiresTagged, lifecycleRules, withOurRules } from "../../../runner/store/lifecycle-rules.ts";

const ours = lifecycleRules({ noncurrentDays: 30, abortUploadsAfterDays: 7 });
const foreign = { ID: "logs", Status: "Enabled", Filter: { Prefix: "logs/" }, Expiration: { Days: 90 } } as const;

describe("lifecycle rules", () => {
  it("are exactly these", () => {
    expect(ours).toEqual([
      {
        ID: "restorable-expire-tagged",
        Status: "Enabled",
        Filter: { Tag: { Key: "restorable", Value: "expire" } },
        Expiration: { Days: 1 },
        NoncurrentVersionExpiration: { NoncurrentDays: 30 },
      },
      {
        ID: "restorable-delete-markers",
        Status: "Enabled",
        Filter: { Prefix: "" },
        Expiration: { ExpiredObjectDeleteMarker: true },
      },
      {
        ID: "restorable-unfinished-uploads",
        Status: "Enabled",
        Filter: { Prefix: "" },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
      },
    ]);
  });

  it("never expire data that prune did not tag", () => {
    for (const rule of ours.filter(({ Filter }) => !Filter?.Tag)) {
      expect(rule.Expiration?.Days).toBeUndefined();
      expect(rule.Expiration?.Date).toBeUndefined();
      expect(rule.NoncurrentVersionExpiration).toBeUndefined();
    }
  });

  it("replace ours only and keep those of others, in their order", () => {
    const old = { ...foreign, ID: "restorable-of-an-older-version" };
    expect(withOurRules([foreign, old, { ...foreign, ID: "x" }, { Status: "Enabled" }], ours)).toEqual([
      foreign,
      { ...foreign, ID: "x" },
      { Status: "Enabled" },
      ...ours,
    ]);
  });

  it("expire by tag only when an enabled rule says so for current and noncurrent versions", () => {
    const [rule] = ours;
    if (!rule?.Status) throw new Error("there is a rule");
    expect(expiresTagged([foreign, ...ours])).toBe(true);
    expect(expiresTagged([])).toBe(false);
    expect(expiresTagged([foreign])).toBe(false);
    expect(expiresTagged([{ ...rule, Status: "Disabled" as const }])).toBe(false);
    expect(expiresTagged([{ ...rule, Filter: { Tag: { Key: "restorable", Value: "keep" } } }])).toBe(false);
    expect(expiresTagged([{ ...rule, Filter: { Prefix: "" } }])).toBe(false);
    const [currentOnly] = structuredClone(ours);
    delete currentOnly?.NoncurrentVersionExpiration;
    expect(expiresTagged(currentOnly ? [currentOnly] : [])).toBe(false);
  });
});
