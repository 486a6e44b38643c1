import { expect, test } from "vitest";
import { dockerName } from "../../../components/render/target.ts";
import { dockerName as dockerNameSchema } from "../../../spec/index.ts";

test("a name on a Docker host says whose it is, and fits Docker's rules however long the names are", () => {
  const plan = { project: "backups", stack: "aide-prod", name: "aide" };
  expect(dockerName(plan)).toBe("restorable_backups_aide-prod_aide");
  expect(dockerName(plan, "ledger")).toBe("restorable_backups_aide-prod_aide_ledger");
  const long = { project: "p".repeat(100), stack: "s".repeat(100), name: "n".repeat(63) };
  const names = [dockerName(long), dockerName(long, "ledger"), dockerName({ ...long, name: "m" }, "ledger")];
  expect(new Set(names).size).toBe(3);
  for (const name of names) expect(dockerNameSchema.safeParse(name).success, name).toBe(true);
  expect(names[1]).toHaveLength(128);
  expect(names[1]?.endsWith("_ledger")).toBe(true);
});
