import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  connectionString,
  nameWithSuffix,
  quoteIdentifier,
  quoteLiteral,
} from "../../../runner/postgres/identifier.ts";
import { besideName, supersededName } from "../../../runner/postgres/names.ts";

const at = new Date("2026-11-21T01:02:03Z");

describe("names of databases", () => {
  it("gives superseded and new copies names that say when", () => {
    expect(supersededName("packit", at)).toBe("packit_org_20261121_010203");
    expect(besideName("packit", at)).toBe("packit_new_20261121_010203");
  });

  it("never takes a name that is taken", () => {
    const taken = new Set(["packit_org_20261121_010203", "packit_org_20261121_010203_2"]);
    expect(supersededName("packit", at, taken)).toBe("packit_org_20261121_010203_3");
  });

  it("keeps every name within 63 bytes, with whole characters and its whole suffix", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 80 }), (name) => {
        const short = nameWithSuffix(name, "_org_20261121_010203");
        expect(Buffer.byteLength(short)).toBeLessThanOrEqual(63);
        expect(short.endsWith("_org_20261121_010203")).toBe(true);
        expect(name.startsWith(short.slice(0, -"_org_20261121_010203".length))).toBe(true);
        expect(short).toBe(Buffer.from(short).toString());
      }),
    );
  });
});

describe("quoting", () => {
  it("keeps every statement on one line", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(`${quoteIdentifier(text)}${quoteLiteral(text)}`).not.toMatch(/[\n\r]/);
      }),
    );
  });

  it("doubles quotes", () => {
    expect(quoteIdentifier('a"b')).toBe('"a""b"');
    expect(quoteIdentifier('a\n"\\')).toBe('U&"a\\000A""\\\\"');
    expect(quoteLiteral("it's")).toBe("'it''s'");
    expect(quoteLiteral("a\\b\n'")).toBe("E'a\\\\b\\n'''");
    expect(connectionString("a='b\\")).toBe("dbname='a=\\'b\\\\'");
  });
});
