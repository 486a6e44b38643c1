import { describe, expect, test } from "vitest";
import { clusterLabels, planLabels } from "../../spec/index.ts";

describe("labels in a cluster", () => {
  test("what a label takes stays as it is", () => {
    const labels = planLabels({ project: "backups", stack: "prod", name: "app" });
    expect(clusterLabels(labels)).toEqual(labels);
  });

  test("what it does not take is cut, and differs where the texts differ", () => {
    const long = "x".repeat(80);
    const { a, b, c, d } = clusterLabels({ a: `${long}1`, b: `${long}2`, c: "a/b", d: "a-b" });
    for (const value of [a, b, c, d]) expect(value).toMatch(/^(?=.{1,63}$)[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/);
    expect(new Set([a, b, c, d]).size).toBe(4);
  });
});
