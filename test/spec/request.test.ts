import { describe, expect, it } from "vitest";
import { modeOf, parse, parseTableName, request } from "../../spec/index.ts";
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

  it.each([
    ["paths", ["/etc/passwd"], "expected a path relative to the source's directory, not an absolute one"],
    ["paths", ["a/../b"], "expected a path without '.', '..', '//' and without a slash at its end"],
    ["paths", ["a/"], "expected a path without '.', '..', '//' and without a slash at its end"],
    ["paths", ["."], "expected a path without '.', '..', '//' and without a slash at its end"],
    ["paths", ["a\0b"], "a path cannot hold a NUL byte"],
    ["paths", [], "expected array to have >=1 items"],
    ["tables", ["a.b.c"], "expected a table as schema.table"],
    ["tables", ['we"ird'], "expected a table as schema.table"],
    ["tables", [`"${"x".repeat(64)}"`], "expected a table as schema.table"],
  ])("names what is wrong with the %s %j", (kind, names, message) => {
    expect(refused({ ...exampleRequest(), only: { [kind]: names } })).toThrow(message);
  });

  it.each<[object, object, string]>([
    [
      { paths: ["a"] },
      { into: { replace: {} } },
      "cannot go with `replace`, which would drop everything else; say `inPlace`",
    ],
    [{ paths: ["a"] }, { into: { inPlace: { recreateClaims: ["data-0"] } } }, "cannot go with `recreateClaims`"],
    [{ paths: ["a"] }, { into: { database: "x" } }, "has paths, which go into a `directory`, a `volume` or `inPlace`"],
    [{ paths: ["a"] }, { point: { object: "x.tar" }, unverified: true }, "cannot be picked from an old object"],
    [{ tables: ["a"] }, { into: { directory: "/srv/x" } }, "has tables, which go into a new `database`"],
    [
      { tables: ["a", `odd."it's"`] },
      { into: { inPlace: {} } },
      `pg_dump --data-only --table='"public"."a"' --table='"odd"."it'\\''s"' --dbname=NEW | psql --single-transaction --set=ON_ERROR_STOP=1 --dbname=LIVE`,
    ],
    [{ paths: ["a"] }, { sources: ["a", "b"] }, "is of one source, and `sources` names 2"],
    [{ paths: ["a"], tables: ["b"] }, {}, "expected exactly one of paths, tables"],
    [{}, {}, "expected exactly one of paths, tables"],
  ])("refuses only %j with %j, and says what to do", (only, change, message) => {
    const asked = { ...exampleRequest(), into: { directory: "/srv/check" }, only, ...change };
    expect(refused(asked)).toThrow(message);
  });

  it.each([
    ["orders", { schema: "public", table: "orders" }],
    ["Shop.Orders", { schema: "Shop", table: "Orders" }],
    [`"my.shop"."it ""is"""`, { schema: "my.shop", table: 'it "is"' }],
    ["-dash *", { schema: "public", table: "-dash *" }],
  ])("reads the table %s", (text, name) => {
    expect(parseTableName(text)).toEqual(name);
  });

  it("says what becomes of what is live", () => {
    const only = { paths: ["a"] };
    expect(modeOf({ into: { inPlace: {} } })).toBe("inPlace");
    expect(modeOf({ into: { inPlace: {} }, only })).toBe("replace");
    expect(modeOf({ into: { volume: "x" }, only })).toBe("elsewhere");
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
