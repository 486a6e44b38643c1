import { lastRun, nextRuns, parseCron, type Schedule } from "../../spec/index.ts";

export type CronSchedule = Extract<Schedule, { kind: "cron" }>;

/** The first run after an instant, with a jitter of at most `jitterSeconds`. */
export const nextRun = (
  { cron, timeZone, jitterSeconds = 0 }: CronSchedule,
  after: Date,
  random: (below: number) => number,
): Date => {
  const [due] = nextRuns(parseCron(cron), timeZone, after, 1);
  if (!due) throw new Error(`'${cron}' never runs again`);
  return new Date(due.getTime() + random(jitterSeconds * 1000 + 1));
};

/** Whether a run has been due since the last point was begun. A plan without any point has missed nothing. */
export const isMissed = ({ cron, timeZone }: CronSchedule, newest: Date | undefined, now: Date): boolean => {
  const due = lastRun(parseCron(cron), timeZone, now);
  return newest !== undefined && due !== undefined && newest < due;
};
