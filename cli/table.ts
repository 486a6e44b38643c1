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

/** How a text is shown. */
export interface Look {
  readonly color: boolean;
  /** Columns after which long values are wrapped. @default never */
  readonly width?: number | undefined;
}

const PLAIN: Look = { color: false };

/** The least room that is worth wrapping into. */
const NARROW = 20;

const bold = (text: string, color: boolean): string =>
  color ? styleText("bold", text, { validateStream: false }) : text;

/** Rows under a line of names, two spaces apart, without frames: easy to read, and to cut with other tools. */
export const table = (columns: readonly Column[], rows: readonly (readonly string[])[], look: Look = PLAIN): string => {
  const grid = new Table({
    head: columns.map(({ name }) => bold(name, look.color)),
    colAligns: columns.map(({ align }) => align ?? "left"),
    chars: { ...NO_LINES, middle: "  " },
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 0 },
  });
  grid.push(...wrapLast(columns, rows, look.width));
  return trimmed(grid.toString());
};

/** Name and value, one pair a line; pairs without a value are left out. A value may have several lines. */
export const fields = (
  pairs: readonly (readonly [name: string, value: string | undefined])[],
  look: Look = PLAIN,
): string => {
  const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined && pair[1] !== "");
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown
    .map(([name, value]) => {
      const [first = "", ...more] = wrapped(value, look.width === undefined ? undefined : look.width - width - 2);
      const indent = " ".repeat(width + 2);
      return [`${bold(name.padEnd(width), look.color)}  ${first}`, ...more.map((line) => `${indent}${line}`)].join(
        "\n",
      );
    })
    .join("\n")
    .concat("\n");
};

/** A line that names what follows. */
export const heading = (text: string, { color }: Look = PLAIN): string => `
${bold(text, color)}
`;

const trimmed = (text: string): string =>
  text
    .split("\n")
    .map((line) => `${line.trimEnd()}\n`)
    .join("");

/** The last column is the one with sentences. */
const wrapLast = (
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
): string[][] => {
  if (width === undefined) return rows.map((row) => [...row]);
  const last = columns.length - 1;
  const used = columns
    .slice(0, last)
    .map(({ name }, column) => Math.max(name.length, ...rows.map((row) => (row[column] ?? "").length)));
  const room = width - used.reduce((sum, each) => sum + each + 2, 0);
  return rows.map((row) => row.map((cell, column) => (column === last ? wrapped(cell, room).join("\n") : cell)));
};

/** Lines of at most `room` characters, broken between words where that can be. */
const wrapped = (text: string, room: number | undefined): string[] => {
  const lines = text.split("\n");
  if (room === undefined || room < NARROW) return lines;
  return lines.flatMap((line) => {
    const broken: string[] = [];
    for (const word of line.split(" ")) {
      const last = broken.at(-1);
      if (last !== undefined && last.length + 1 + word.length <= room) broken[broken.length - 1] = `${last} ${word}`;
      else broken.push(word);
    }
    return broken;
  });
};
