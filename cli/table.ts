import { styleText } from "node:util";
import Table from "cli-table3";

export interface Column {
  readonly name: string;
  /** @default left */
  readonly align?: "left" | "right";
}

const NO_LINES = Object.fromEntries(
  [
    ...["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right"],
    ...["left", "left-mid", "mid", "mid-mid", "right", "right-mid"],
  ].map((name) => [name, ""]),
);

const bold = (text: string, color: boolean): string =>
  color ? styleText("bold", text, { validateStream: false }) : text;

/** Rows under a line of names, two spaces apart, without frames: easy to read, and to cut with other tools. */
export const table = (columns: readonly Column[], rows: readonly (readonly string[])[], color = false): string => {
  const grid = new Table({
    head: columns.map(({ name }) => bold(name, color)),
    colAligns: columns.map(({ align }) => align ?? "left"),
    chars: { ...NO_LINES, middle: "  " },
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 0 },
  });
  grid.push(...rows.map((row) => [...row]));
  return trimmed(grid.toString());
};

/** Name and value, one pair a line; pairs without a value are left out. A value may have several lines. */
export const fields = (
  pairs: readonly (readonly [name: string, value: string | undefined])[],
  color = false,
): string => {
  const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined && pair[1] !== "");
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown
    .map(([name, value]) => {
      const [first = "", ...more] = value.split("\n");
      const indent = " ".repeat(width + 2);
      return [`${bold(name.padEnd(width), color)}  ${first}`, ...more.map((line) => `${indent}${line}`)].join("\n");
    })
    .join("\n")
    .concat("\n");
};

/** A line that names what follows. */
export const heading = (text: string, color = false): string => `\n${bold(text, color)}\n`;

const trimmed = (text: string): string =>
  text
    .split("\n")
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
