import { fiveFields, parseCron } from "../../spec/index.ts";

/**
 * A schedule as a CronJob takes it. To a cluster Sunday is 0 and never 7; ranges that end with it are written out.
 * @throws Error for seconds that are not zero
 */
export const clusterCron = (cron: string): string => {
  const words = fiveFields(parseCron(cron)).split(" ");
  const weekdays = (words[4] as string).split(",").flatMap(withoutSeven);
  return [...words.slice(0, 4), [...new Set(weekdays)].join(",")].join(" ");
};

const withoutSeven = (item: string): readonly string[] => {
  const [, from, to, step = "1"] = /^(\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(item) ?? [];
  if (from === undefined || (to ?? from) !== "7") return [item];
  const first = DAYS.indexOf(from.toUpperCase());
  const start = first < 0 ? Number(from) : first;
  const days = Array.from({ length: 8 - start }, (_, index) => start + index);
  return days.filter((_, index) => index % Number(step) === 0).map((day) => String(day % 7));
};

const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
