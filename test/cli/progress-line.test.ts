import { describe, expect, it } from "vitest";
import { progressView } from "../../cli/progress-line.ts";
import type { Progress } from "../../spec/index.ts";

const at = (seconds: number) => new Date(seconds * 1000).toISOString();

const LINES: readonly Progress[] = [
  { type: "step", at: at(0), step: "dump", text: "dumping packit" },
  {
    type: "progress",
    at: at(3),
    step: "dump",
    text: "dumping packit",
    bytes: 5e8,
    total: 1e9,
    bytesPerSecond: 1e8,
    secondsLeft: 5,
  },
  { type: "warning", at: at(4), text: "a file\nchanged" },
  {
    type: "progress",
    at: at(9),
    step: "dump",
    text: "dumping packit",
    bytes: 1e9,
    total: 1e9,
    bytesPerSecond: 1e8,
    secondsLeft: 0,
  },
  { type: "step", at: at(10), step: "files", text: "reading /srv/outpack" },
];

const shown = (terminal: boolean, columns = 100): string => {
  const parts: string[] = [];
  const view = progressView({ err: (text) => void parts.push(text), terminal, columns });
  for (const line of LINES) view.show(line);
  view.done();
  return parts.join("");
};

describe("progress", () => {
  it("is whole lines where there is no terminal, without control characters", () => {
    expect(shown(false)).toBe(
      [
        "dumping packit",
        "dumping packit: 500 MB of 1.0 GB, 100 MB/s, 5 s left",
        "warning: a file changed",
        "dumping packit: 1.0 GB of 1.0 GB, 100 MB/s, 0 s left",
        "reading /srv/outpack",
        "",
      ].join("\n"),
    );
  });

  it("is one redrawn line on a terminal, with bytes, rate and time left", () => {
    const text = shown(true);
    expect(text).toContain(
      "\r\u001b[2Kdumping packit  [############............]  50%  500 MB of 1.0 GB, 100 MB/s, 5 s left",
    );
    expect(text.split("\n").map((line) => line.split("\u001b[2K").at(-1))).toEqual([
      "dumping packit  [############............]  50%  500 MB of 1.0 GB, 100 MB/s, 5 s left",
      "warning: a file changed",
      "dumping packit  [########################] 100%  1.0 GB of 1.0 GB, 100 MB/s, 0 s left",
      "reading /srv/outpack",
      "",
    ]);
  });

  it.each([60, 80, 200])("never wraps a line in %d columns", (columns) => {
    for (const line of shown(true, columns).replaceAll("\r\u001b[2K", "\n").split("\n"))
      expect(line.length).toBeLessThan(columns);
  });
});
