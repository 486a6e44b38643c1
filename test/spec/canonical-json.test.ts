import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../spec/index.ts";

/** The same value with the keys of every object in another order. */
const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
};

describe("canonical JSON", () => {
  it("does not depend on the order of keys", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => canonicalJson(value) === canonicalJson(reversed(value))));
  });

  it("says the same as JSON, so that a different value has a different text", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("sorts keys, keeps the order of lists, and leaves out what is undefined", () => {
    expect(canonicalJson({ b: [2, { d: null, c: true }], a: "é", z: undefined })).toBe(
      '{"a":"é","b":[2,{"c":true,"d":null}]}',
    );
  });

  it.each([new Date(0), new Map(), Number.NaN, undefined, 1n, [undefined]])("refuses %s, which is no JSON", (value) => {
    expect(() => canonicalJson({ value: [value] })).toThrow(TypeError);
  });
});
