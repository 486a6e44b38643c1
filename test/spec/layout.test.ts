import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  artifactKey,
  identityKey,
  layoutKey,
  manifestKey,
  markKey,
  newPointId,
  planPrefix,
  pointId,
  pointTime,
  proofKey,
  source,
} from "../../spec/index.ts";

const AT = new Date("2026-11-21T01:00:00.123Z");
const POINT = "20261121T010000Z-7f3a";

describe("the layout of a repository", () => {
  it("puts everything of a point under its id", () => {
    expect(manifestKey(POINT)).toBe("catalog/20261121T010000Z-7f3a.json");
    expect(artifactKey(POINT, "db.dump.zst.age")).toBe("artifacts/20261121T010000Z-7f3a/db.dump.zst.age");
    expect(identityKey(POINT)).toBe("artifacts/20261121T010000Z-7f3a/identity.age");
    expect(proofKey(POINT, AT)).toBe("proofs/20261121T010000Z-7f3a/20261121T010000.123Z.json");
    expect(markKey(POINT, AT, "expire")).toBe("marks/20261121T010000Z-7f3a/20261121T010000.123Z-expire.json");
  });

  it("keeps environments and plans apart, with and without a prefix", () => {
    expect(planPrefix("montagu", "prod", "packit")).toBe("montagu/prod/packit/");
    expect(planPrefix("", "prod", "packit")).toBe("prod/packit/");
  });

  it("makes ids that are valid, sort by time and say their time", () => {
    const second = fc.integer({ min: 0, max: 4_102_444_799 });
    fc.assert(
      fc.property(second, second, fc.nat(65_535), (a, b, random) => {
        const [first, other] = [a, b].map((value) => newPointId(new Date(value * 1000), random)) as [string, string];
        expect(pointId.safeParse(first).success).toBe(true);
        expect(pointTime(first).getTime()).toBe(a * 1000);
        expect(Math.sign(a - b)).toBe(first === other ? 0 : first > other ? 1 : -1);
      }),
    );
  });
});

describe("the layout of AIDE", () => {
  const volume = (name: string, volume: string, below = "") => ({
    kind: "files",
    name,
    directory: `/sources/${name}${below}`,
    mount: { kind: "volume", name: volume },
  });
  it.each([
    [volume("aide_images", "uat_images"), true],
    [volume("images", "aide_images"), true],
    [volume("images", "uat_images"), false],
    [volume("aide_images", "aide_images", "/test_docker"), false],
    [{ kind: "files", name: "aide_images", directory: "/srv/images" }, true],
  ])("names the images, and no project alone: %j", (given, isNamed) => {
    const key = layoutKey({ kind: "aide", host: "vbox" }, source.parse(given), POINT, "here");
    expect(key).toBe(isNamed ? "vbox-aide_images-20261121T010000.tar" : undefined);
  });
});
