import { nextRuns, parseCron, type Schedule } from "../spec/index.ts";

export const scheduleText = (schedule: Schedule): string =>
  schedule.kind === "cron" ? `${schedule.cron} (${schedule.timeZone})` : "none: it runs when somebody asks";

export const nextRunsOf = (schedule: Schedule, now: Date, count: number): readonly Date[] =>
  schedule.kind === "cron" ? nextRuns(parseCron(schedule.cron), schedule.timeZone, now, count) : [];
