import { Cron } from "croner";

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
  if (words[0]?.startsWith("@")) throw new Error(`'${text}' is not one of ${Object.keys(NICKNAMES).join(", ")}`);
  if (words.length !== 5 && words.length !== 6) {
    throw new Error(`'${text}' has ${words.length} fields; expected five, or six with seconds first`);
  }
  const [seconds, fields] = words.length === 6 ? [words[0] as string, words.slice(1)] : ["0", words];
  const expression = { seconds, fields: fields.join(" ") };
  compile(expression, "UTC");
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

/** The next `count` runs after an instant, in an IANA time zone, across daylight-saving changes. */
export const nextRuns = (expression: CronExpression, timeZone: string, after: Date, count: number): readonly Date[] =>
  compile(expression, timeZone).nextRuns(count, after);

/** The longest gap between two runs in the year after an instant, in seconds: what freshness is measured against. */
export const longestInterval = (expression: CronExpression, timeZone: string, after: Date): number => {
  const cron = compile(expression, timeZone);
  const end = after.getTime() + 370 * 86_400_000;
  let [longest, previous] = [0, cron.nextRun(after)];
  if (!previous) return Number.POSITIVE_INFINITY;
  for (let runs = 0; runs < 2_000; runs += 1) {
    const next = cron.nextRun(previous);
    if (!next) break;
    longest = Math.max(longest, next.getTime() - previous.getTime());
    if (next.getTime() > end) break;
    previous = next;
  }
  return longest / 1000;
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
