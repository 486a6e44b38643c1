import { expect, test } from "vitest";
import { clusterName, kubernetesLabel } from "../../spec/index.ts";

test("a name in a namespace says whose it is, and fits Kubernetes' rules however long and odd the names are", () => {
  const plan = { project: "backups", stack: "chipster-prod", name: "chipster" };
  expect(clusterName(plan)).toBe("restorable-backups-chipster-prod-chipster");
  const odd = [
    { ...plan, name: "a_b" },
    { ...plan, name: "a.b" },
    { ...plan, name: "a-" },
    { ...plan, stack: "Prod" },
    { project: "p".repeat(100), stack: "s".repeat(100), name: "n".repeat(63) },
    { project: "p".repeat(100), stack: "s".repeat(100), name: "m".repeat(63) },
  ].map(clusterName);
  expect(new Set(odd).size).toBe(odd.length);
  for (const name of odd) {
    expect(kubernetesLabel.safeParse(name).success, name).toBe(true);
    expect(name.length).toBeLessThanOrEqual(52);
  }
});
