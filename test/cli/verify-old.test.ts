import { describe, expect, it } from "vitest";
import { ERROR_CODES } from "../../spec/index.ts";
import { restorable } from "./fake-io.ts";

describe("verify --object", () => {
  const [DUMP, GPG] = [
    "vbox-ailabeltooldb-20220803T084827.dump",
    "session-db-db-backup_2021-03-01T01:10:00.1Z/backup-info",
  ];
  const env = { RESTORABLE_IDENTITY: "the operator's" };

  it("reads what an older tool stored, and gives the key only to what is encrypted", async () => {
    const good = await restorable(["verify", "--object", DUMP], { env });
    expect([good.exit, good.jobs]).toEqual([0, [expect.objectContaining({ kind: "inspect", key: DUMP })]]);
    expect(good.jobs[0]).not.toHaveProperty("identity");
    expect(good.out).toContain(
      `${DUMP} is whole: 1.0 kB read in 0 s; it has no signature, so nothing says who wrote it\n`,
    );
    const closed = await restorable(["verify", "--object", GPG], { env });
    expect(closed.jobs).toMatchObject([{ identity: { kind: "env", name: "RESTORABLE_POINT_IDENTITY" } }]);
  });

  it("ends with an error for one that is not whole, and refuses before any job what is no old object, or two points", async () => {
    const bad = await restorable(["verify", "--object", DUMP, "--json"], { good: false });
    expect([bad.exit, bad.json()]).toMatchObject([ERROR_CODES.corrupt.exit, { healthy: false }]);
    const { out } = await restorable(["verify", "--object", DUMP], { good: false });
    expect(out).toContain(`${DUMP} is NOT whole: 1.0 kB read in 0 s; a restore would refuse it: choose another one`);
    const other = await restorable(["verify", "--object", "holiday.jpg"]);
    expect([other.exit, other.jobs]).toEqual([2, []]);
    const both = await restorable(["verify", "latest", "--object", DUMP]);
    expect([both.exit, both.jobs]).toEqual([2, []]);
  });
});
