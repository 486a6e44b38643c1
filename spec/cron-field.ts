/** One field of a schedule: its name, its bounds, and the names that stand for numbers. */
interface Field {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  readonly names?: readonly string[];
}

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const FIELDS: readonly Field[] = [
  { name: "second", low: 0, high: 59 },
  { name: "minute", low: 0, high: 59 },
  { name: "hour", low: 0, high: 23 },
  { name: "day of month", low: 1, high: 31 },
  { name: "month", low: 1, high: 12, names: MONTHS },
  { name: "day of week", low: 0, high: 7, names: DAYS },
];

/**
 * Checks six fields, seconds first. Only what every scheduler runs is taken: `*`, numbers, names, lists, ranges, steps.
 * `L`, `W`, `#` and `?` mean different things to different schedulers, or nothing.
 * @throws Error with one sentence that names the field
 */
export const checkFields = (words: readonly string[]): void => {
  FIELDS.forEach((field, index) => {
    for (const item of (words[index] ?? "").split(",")) checkItem(field, item);
  });
};

const checkItem = (field: Field, item: string): void => {
  const [, range, step] = /^([^/]+)(?:\/(\d+))?$/.exec(item) ?? [];
  if (range === undefined) throw new Error(`${field.name}: '${item}' is not '*', a number, a range or a step`);
  if (step !== undefined && (Number(step) < 1 || Number(step) > field.high)) {
    throw new Error(`${field.name}: the step in '${item}' is not from 1 to ${field.high}`);
  }
  if (range === "*") return;
  const [from, to, more] = range.split("-").map((word) => numberOf(field, word, item));
  if (more !== undefined) throw new Error(`${field.name}: '${item}' has more than one '-'`);
  if (to === undefined && step !== undefined) {
    throw new Error(`${field.name}: '${item}' has a step without a range; write '${range}-${field.high}/${step}'`);
  }
  if (to !== undefined && from !== undefined && from > to) {
    throw new Error(`${field.name}: '${item}' begins after it ends`);
  }
};

const numberOf = ({ name, low, high, names = [] }: Field, word: string, item: string): number => {
  const named = names.indexOf(word.toUpperCase());
  if (named >= 0) return named + low;
  const allowed = names.length > 0 ? `, or ${names[0]} to ${names.at(-1)}` : "";
  if (!/^\d+$/.test(word) || Number(word) < low || Number(word) > high) {
    throw new Error(`${name}: '${item}' is not from ${low} to ${high}${allowed}`);
  }
  return Number(word);
};
