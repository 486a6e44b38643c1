import type Docker from "dockerode";
import type { Job } from "../../spec/index.ts";
import type { FoundJob } from "../found-job.ts";

/** Days after which nobody will ask for what a job said that ended without its launcher. */
const KEPT_DAYS = 7;
const DAY = 86_400_000;

/** Whether a job's container only takes room: points are in their repository and restores in their ledger anyway. */
export const isStale = ({ state, began }: FoundJob, now: Date): boolean =>
  state !== "runs" && now.getTime() - began.getTime() > KEPT_DAYS * DAY;

/** Jobs that tidy up before they begin: those that people and schedules ask for, once each. */
export const tidies = (job: Job): boolean =>
  job.kind === "backup" || (job.kind === "restore" && job.action === "prepare");

/** Removes the containers of stale jobs; one that has come to run meanwhile, or that somebody else removes, is left alone. */
export const removeStale = async (engine: Docker, jobs: readonly FoundJob[], now: Date): Promise<void> => {
  for (const { container } of jobs.filter((job) => isStale(job, now)))
    await engine
      .getContainer(container)
      .remove({ v: true })
      .catch(() => undefined);
};
