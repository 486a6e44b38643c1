import { describe, expect, it } from "vitest";
import { parse, request } from "../../spec/index.ts";
import { exampleRequest } from "./examples.ts";
import { replace, wrongFields } from "./wrong-fields.ts";

const POINT =
  "expected 'latest', a recovery-point id like 20261121T010000Z-7f3a, { before: a time with an offset }, or { object: the key of an old object }";
const ONE = "expected exactly one of replace, inPlace, database, directory, volume";

const refused = (value: unknown) => () => parse(request, value, "restore", "bad-config");

const QUOTES = "in quotes: YAML has read it as a date";

describe("a restore request", () => {
  it.each(["latest", "20261121T010000Z-7f3a", { before: "2026-11-20T18:00:00+01:00" }])(
    "takes the point %j",
    (point) => {
      expect(parse(request, { ...exampleRequest(), point }, "restore").point).toEqual(point);
    },
  );

  it.each([
    ["id", "", "expected 1 to 100 letters, digits, '.', '-', '_'"],
    ["id", "../x", "expected 1 to 100 letters, digits, '.', '-', '_'"],
    ["point", "newest", POINT],
    ["point", "20261321T010000Z-7f3a", POINT],
    ["point", 5, POINT],
    ["point.before", "2026-11-20T18:00:00", "expected a time with an offset, like 2026-11-20T18:00:00+01:00"],
    ["id", "2026-11-21 00:00:00 +0000 UTC", `expected 1 to 100 letters, digits, '.', '-', '_', ${QUOTES}`],
    [
      "point.before",
      "2026-11-20 18:00:00 +0100 +0100",
      `expected a time with an offset, like 2026-11-20T18:00:00+01:00, ${QUOTES}`,
    ],
    ["point.before", "2026-02-30T18:00:00Z", "expected a time with an offset, like 2026-11-20T18:00:00+01:00"],
    ["into", {}, ONE],
    ["into", { replace: {}, database: "x" }, ONE],
    ["into.replace", true, "expected object, received boolean"],
    ["into", { directory: "/srv/x/" }, undefined],
    ["sources", [], "expected array to have >=1 items"],
    ["confirm", undefined, "is missing; expected string"],
    ["from.environment", "Prod", undefined],
  ])("names what is wrong with %s: %j", (path, value, message) => {
    const wrong = refused(replace(exampleRequest(), path.split("."), value));
    expect(wrong).toThrow(message === undefined ? `restore.${path}` : `restore.${path}: ${message} (bad-config)`);
  });

  it.each(wrongFields(exampleRequest(), "restore"))(
    "refuses another type or key at $path",
    ({ path, value, expected }) => {
      // What is neither of two shapes is named where the shapes begin.
      const named = path === "restore.point.before" ? "restore.point" : path;
      expect(refused(value)).toThrow(new RegExp(`^${named}: ${expected.source.replace(/[$^]/g, "")}`));
    },
  );
});
