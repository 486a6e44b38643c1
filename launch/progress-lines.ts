import type { Progress } from "../spec/index.ts";

/** Milliseconds between two lines about how far one step is. */
const EVERY = 2_000;
const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** Bytes for people, in decimal units: `1.2 GB`. */
export const formatBytes = (bytes: number): string => {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[power]}`;
};

/** Seconds for people: `45 s`, `3 min 20 s`, `2 h 5 min`. */
export const formatSeconds = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
};

/** One line of progress for people, without a newline. */
export const formatProgress = (line: Progress): string => {
  switch (line.type) {
    case "step":
      return line.text;
    case "warning":
      return `warning: ${line.text}`;
    case "progress": {
      const { bytes, total, bytesPerSecond, secondsLeft } = line;
      const far = total === undefined ? formatBytes(bytes) : `${formatBytes(bytes)} of ${formatBytes(total)}`;
      const rate = bytesPerSecond === undefined ? "" : `, ${formatBytes(bytesPerSecond)}/s`;
      return `${line.text}: ${far}${rate}${secondsLeft === undefined ? "" : `, ${formatSeconds(secondsLeft)} left`}`;
    }
  }
};

/**
 * Writes progress as whole lines, each ended by a newline (Pulumi shows only whole lines, and hangs on a very long
 * one), and at most one line in two seconds about how far a step is.
 */
export const progressLines = (write: (line: string) => void): ((line: Progress) => void) => {
  let last = Number.NEGATIVE_INFINITY;
  return (line) => {
    const at = Date.parse(line.at);
    if (line.type === "progress" && at - last < EVERY) return;
    if (line.type === "progress") last = at;
    write(
      `${formatProgress(line)
        .replace(/[\r\n]+/g, " ")
        .slice(0, 2_000)}\n`,
    );
  };
};
