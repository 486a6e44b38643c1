import { SCRIPTS } from "./raw.ts";

/** One thing that both sides did, in seconds per round. */
export interface Compared {
  readonly what: string;
  readonly megabytes: number;
  readonly raw: readonly number[];
  readonly ours: readonly number[];
  /** What ours does in that time and the raw pipeline does not. */
  readonly more: string;
}

export interface Memory {
  readonly what: string;
  /** Bytes, for the small and for the large dump. */
  readonly small: number;
  readonly large: number;
}

export interface Sizes {
  readonly database: number;
  readonly files: number;
  readonly rounds: number;
  readonly small: number;
  readonly large: number;
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return (low + high) / 2;
};

const seconds = (value: number): string => `${value.toFixed(1)} s`;
const range = (values: readonly number[]): string =>
  `${Math.min(...values).toFixed(1)}–${Math.max(...values).toFixed(1)}`;

export const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

export const comparison = (compared: readonly Compared[]): readonly string[] => [
  row(["", "raw, median (range)", "Restorable, median (range)", "ratio", "Restorable"]),
  row(["---", "---", "---", "---", "---"]),
  ...compared.map(({ what, megabytes, raw, ours }) =>
    row([
      what,
      `${seconds(median(raw))} (${range(raw)})`,
      `${seconds(median(ours))} (${range(ours)})`,
      (median(ours) / median(raw)).toFixed(2),
      `${(megabytes / median(ours)).toFixed(0)} MB/s`,
    ]),
  ),
];

export const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

export const memoryTable = (memory: readonly Memory[], { small, large }: Sizes): readonly string[] => [
  row(["peak memory of the runner", `${small} MB`, `${large} MB`]),
  row(["---", "---", "---"]),
  ...memory.map((each) => row([each.what, mebibytes(each.small), mebibytes(each.large)])),
];

export interface Report {
  readonly sizes: Sizes;
  readonly compared: readonly Compared[];
  /** Seconds of a job that only lists one point: what every job takes to begin and end. */
  readonly start: number;
  readonly memory: readonly Memory[];
  readonly machine: readonly string[];
}

export const page = ({ sizes, compared, start, memory, machine }: Report): string =>
  `${[
    "# Benchmarks",
    "",
    "<!-- Written by `npm run bench`; do not edit. -->",
    "",
    `One run, both sides in turns, ${sizes.rounds} rounds: a database of ${sizes.database} MB and ${sizes.files.toLocaleString("en")} files into a directory repository. A ratio above 1 means that Restorable took longer.`,
    "",
    ...comparison(compared),
    "",
    `Every job starts a process of its own: one that only lists a point took ${seconds(start)} here. That is most of the ratio of a short job, and little of a long one's.`,
    "",
    "The raw side is what a person would type:",
    "",
    "```sh",
    ...Object.values(SCRIPTS),
    "```",
    "",
    "What Restorable does in its time besides:",
    "",
    ...compared.map(({ what, more }) => `- ${what}: ${more}`),
    "",
    ...memoryTable(memory, sizes),
    "",
    "Peak memory is `VmHWM` of the runner's own process; the programs of the pipeline (`pg_dump`, `zstd`, `age`, `tar`) are not in it. It does not grow with the dump; uploads to S3 hold up to five parts.",
    "",
    "## The machine",
    "",
    ...machine.map((line) => `- ${line}`),
    "- PostgreSQL ran with `fsync=off`, for both sides",
    "",
    "## Again",
    "",
    "`npm run setup && npm run bench` writes this page anew. `-- --megabytes N --files N --rounds N --small N --large N` change the sizes. Figures of a machine that does other things at the same time differ from run to run; the ratios differ less, because both sides take turns.",
  ].join("\n")}\n`;
