import { expect, test } from "vitest";
import { formatBytes, formatProgress, formatSeconds, progressLines } from "../../launch/index.ts";
import type { Progress } from "../../spec/index.ts";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1_234, "1.2 kB"],
  [123_456_789, "123 MB"],
  [4.5e12, "4.5 TB"],
])("%d bytes are %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));

test.each([
  [-1, "0 s"],
  [59.4, "59 s"],
  [200, "3 min 20 s"],
  [7_500, "2 h 5 min"],
])("%d seconds are %s", (seconds, text) => expect(formatSeconds(seconds)).toBe(text));

const at = (second: number) => new Date(Date.UTC(2026, 10, 21, 10, 0, second)).toISOString();
const moved = (second: number, bytes: number): Progress => ({
  type: "progress",
  at: at(second),
  step: "restoring",
  text: "restoring packit",
  bytes,
});

test("a line says bytes, rate and time left as far as they are known", () => {
  const line = { ...moved(0, 1.2e9), total: 3.4e9, bytesPerSecond: 120e6, secondsLeft: 18 } as Progress;
  expect(formatProgress(line)).toBe("restoring packit: 1.2 GB of 3.4 GB, 120 MB/s, 18 s left");
  expect(formatProgress(moved(0, 5))).toBe("restoring packit: 5 B");
});

test("every step is said, and how far it is at most every two seconds, in whole lines", () => {
  const lines: string[] = [];
  const write = progressLines((line) => lines.push(line));
  write({ type: "step", at: at(0), step: "a", text: "first\rline\nof it" });
  for (let second = 0; second < 5; second += 1) write(moved(second, second));
  write({ type: "step", at: at(5), step: "b", text: "x".repeat(70_000) });
  write({ type: "warning", at: at(5), text: "careful" });
  expect(lines.map((line) => line.slice(0, 30))).toEqual([
    "first line of it\n",
    "restoring packit: 0 B\n",
    "restoring packit: 2 B\n",
    "restoring packit: 4 B\n",
    "x".repeat(30),
    "warning: careful\n",
  ]);
  expect(lines.every((line) => line.length <= 2_001 && line.indexOf("\n") === line.length - 1)).toBe(true);
});
