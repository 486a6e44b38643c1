import { describe, expect, it } from "vitest";
import { fields, table } from "../../cli/table.ts";

describe("a table", () => {
  it("aligns columns two spaces apart, without frames and without spaces at line ends", () => {
    const text = table(
      [{ name: "POINT" }, { name: "STORED", align: "right" }, { name: "STATE" }],
      [
        ["20261121T010000Z-7f3a", "1.2 GB", "proven"],
        ["x", "12 kB", ""],
      ],
    );
    expect(text).toBe(
      [
        "POINT                  STORED  STATE",
        "20261121T010000Z-7f3a  1.2 GB  proven",
        "x                       12 kB",
        "",
      ].join("\n"),
    );
  });

  it("has colours only where they are wanted", () => {
    expect(table([{ name: "A" }], [["b"]], { color: true })).toContain("\u001b[1mA");
    expect(table([{ name: "A" }], [["b"]])).not.toContain("\u001b");
  });

  it("wraps its last column, and the values of fields, between words in a narrow terminal", () => {
    const look = { color: false, width: 40 };
    const sentence = "find out why backups stopped, and take one";
    expect(table([{ name: "CHECK" }, { name: "DETAIL" }], [["fresh", sentence]], look)).toBe(
      ["CHECK  DETAIL", "fresh  find out why backups stopped, and", "       take one", ""].join("\n"),
    );
    expect(fields([["why", sentence]], look)).toBe(
      ["why  find out why backups stopped, and", "     take one", ""].join("\n"),
    );
  });

  it("lines up the further lines of a field, and leaves out what has no value", () => {
    expect(
      fields([
        ["a", "1\n2"],
        ["long", "3"],
        ["none", undefined],
        ["empty", ""],
      ]),
    ).toBe(["a     1", "      2", "long  3", ""].join("\n"));
  });
});
