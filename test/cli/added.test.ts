import { describe, expect, it } from "vitest";
import type { CatalogPoint } from "../../spec/index.ts";
import { examplePoint } from "../spec/examples.ts";
import { POINT, restorable } from "./fake-io.ts";

const SNAPSHOT = "5e".repeat(32);

/** A point whose files are in a snapshot, and whose database was cleaned before it was dumped. */
const incremental = (): CatalogPoint => {
  const point = examplePoint(POINT);
  const sources = point.manifest.sources.map((entry) => {
    if (entry.kind === "postgres") return { ...entry, removedLargeObjects: 1_234 };
    if (entry.kind !== "files") return entry;
    const snapshot = { id: SNAPSHOT, path: "/outpack", version: "0.18.1", bytes: 52_428_800, addedBytes: 3_000_000 };
    return { ...entry, snapshot, artifacts: entry.artifacts.map((artifact) => ({ ...artifact, bytes: 200 })) };
  });
  return { ...point, manifest: { ...point.manifest, sources } };
};

describe("a point that added only what changed", () => {
  it("show names its snapshot, what it added, and the large objects that were removed", async () => {
    const { out } = await restorable(["show"], { points: [incremental()] });
    expect(out).toContain(`restic snapshot ${SNAPSHOT}, 3.0 MB added\n`);
    expect(out).toContain("1,234 unreferenced large objects removed before the dump\n");
  });

  it("backup counts what it added", async () => {
    const { out } = await restorable(["backup"], { points: [incremental()] });
    expect(out).toMatch(/^stored +153 MB$/m);
    expect(out).toContain("10,000 files, 52.4 MB; 3.0 MB added\n");
    expect(out).toContain("1,234 unreferenced large objects removed before the dump\n");
  });

  it("where neither was asked for, neither is mentioned", async () => {
    for (const command of ["show", "backup"]) {
      const { out } = await restorable([command]);
      expect(out).not.toMatch(/snapshot [0-9a-f]{8}|added|large objects removed/);
    }
  });
});
