import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  besideDirectory,
  isBesideName,
  isSupersededName,
  supersededDirectory,
  swapForm,
} from "../../../runner/files/names.ts";

const at = new Date("2026-11-21T01:02:03.456Z");
const base = fc
  .oneof(
    fc.stringMatching(/^[a-z_.]{1,40}(_new_|_org_)?[a-z]{1,10}$/),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 255 }),
  )
  .filter((name) => !/[/\0]/.test(name) && name !== "." && name !== ".." && Buffer.byteLength(name) <= 255);
const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/);
const form = fc.constantFrom("sibling" as const, "inside" as const);

test("names that a restore gives are known again, as what they are, and fit into 255 bytes", () => {
  fc.assert(
    fc.property(base, id, form, (name, request, shape) => {
      const live = `/srv/${name}`;
      const [beside, superseded] = [besideDirectory(live, request, shape), supersededDirectory(live, at, shape)];
      for (const each of [beside, superseded]) expect(Buffer.byteLength(path.basename(each))).toBeLessThanOrEqual(255);
      expect([isBesideName(live, beside), isSupersededName(live, superseded)]).toEqual([true, true]);
      expect(isSupersededName(live, beside)).toBe(false);
      expect([isBesideName(live, live), isSupersededName(live, live)]).toEqual([false, false]);
      expect(swapForm({ live, superseded })).toBe(shape);
    }),
  );
});

test("two long names that begin alike stay apart", () => {
  const [one, two] = [`/srv/${"x".repeat(250)}1`, `/srv/${"x".repeat(250)}2`];
  expect(besideDirectory(one, "a")).not.toBe(besideDirectory(two, "a"));
  expect(isBesideName(one, besideDirectory(two, "a"))).toBe(false);
});

test("the names people will read", () => {
  expect(besideDirectory("/srv/app/files", "2026-11-21-uat")).toBe("/srv/app/files_new_2026-11-21-uat");
  expect(supersededDirectory("/srv/app/files", at)).toBe("/srv/app/files_org_20261121T010203Z");
});
