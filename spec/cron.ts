import { Cron } from "croner";
import { checkFields } from "./cron-field.ts";

/** A parsed schedule: standard five fields, and the seconds where the text had six fields. */
export interface CronExpression {
  readonly fields: string;
  readonly seconds: string;
}

const NICKNAMES: Readonly<Record<string, string>> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
};

/**
 * Reads five fields, six with seconds first, or a nickname such as `@daily`.
 * @throws Error with one sentence, for zod to report at its path
 */
export const parseCron = (text: string): CronExpression => {
  const words = (NICKNAMES[text.trim().toLowerCase()] ?? text).trim().split(/\s+/);
  if (words[0] === "") throw new Error("the schedule is empty; expected five fields, or a nickname such as @daily");
  if (words[0]?.startsWith("@")) throw new Error(`'${text}' is not one of ${Object.keys(NICKNAMES).join(", ")}`);
  if (words.length !== 5 && words.length !== 6) {
    const has = words.length === 1 ? "1 field" : `${words.length} fields`;
    throw new Error(`'${text}' has ${has}; expected five, or six with seconds first`);
  }
  const [seconds, fields] = words.length === 6 ? [words[0] as string, words.slice(1)] : ["0", words];
  checkFields([seconds, ...fields]);
  const expression = { seconds, fields: fields.join(" ") };
  // Any instant will do: a day that a leap year has comes within eight years.
  if (!compile(expression, "UTC").nextRun(new Date(0))) throw new Error(`'${text}' never runs: no month has that day`);
  return expression;
};

/**
 * The five-field form for a scheduler that knows no seconds.
 * @throws Error when the seconds are not zero, because that scheduler cannot run them
 */
export const fiveFields = ({ fields, seconds }: CronExpression): string => {
  if (!/^0+$/.test(seconds))
    throw new Error(`seconds '${seconds}' cannot run on this scheduler, which has minutes at best; use 0`);
  return fields;
};

/**
 * The next `count` runs after an instant, in an IANA time zone. A run whose hour is skipped in spring comes that much
 * later; one whose hour is repeated in autumn comes once, unless its hour is `*`: then it keeps its rhythm.
 */
export const nextRuns = (expression: CronExpression, timeZone: string, after: Date, count: number): readonly Date[] =>
  compile(expression, timeZone).nextRuns(count, after);

/** The last run at or before an instant. */
export const lastRun = (expression: CronExpression, timeZone: string, at: Date): Date | undefined => {
  // The library wants the run before an instant and knows whole seconds only.
  const nextSecond = Math.floor(at.getTime() / 1_000) * 1_000 + 1_000;
  return compile(expression, timeZone).previousRuns(1, new Date(nextSecond))[0];
};

const compile = ({ seconds, fields }: CronExpression, timezone: string): Cron => {
  try {
    return new Cron(`${seconds} ${fields}`, { timezone, paused: true });
  } catch (error) {
    throw new Error(`'${fields}' is not a schedule: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
};
