import { JobError } from "../../spec/index.ts";
import type { FoundJob, JobsOn } from "../found-job.ts";
import type { Run } from "./run.ts";
import { runsInLog } from "./runs-in-log.ts";

/** The runs that a target still knows of, oldest first: jobs, and those of a container that takes all by its schedule. */
export const runsOn = async ({ list, schedulerLog }: JobsOn): Promise<readonly Run[]> => {
  const [jobs, log] = await Promise.all([list(), schedulerLog()]);
  const logged = runsInLog(log ?? []).map(({ run }) => run);
  return [...jobs.flatMap(ofJob), ...logged].sort((a, b) => (a.began < b.began ? -1 : 1));
};

/** What only looked for a point, or restored one, is no run of the plan. */
const ofJob = ({ id, kind, state, succeeded, scheduled, began, ended }: FoundJob): readonly Run[] =>
  kind !== "backup" || state === "unstarted"
    ? []
    : [
        {
          id,
          state: state === "runs" ? "running" : succeeded === false ? "failed" : "succeeded",
          by: scheduled ? "schedule" : "hand",
          began: began.toISOString(),
          ...(ended ? { ended: ended.toISOString() } : {}),
        },
      ];

/**
 * What one run has logged.
 * @throws JobError `unknown-plan` for one that the target does not know
 */
export const logOf = async (jobs: JobsOn, id: string | undefined): Promise<readonly string[]> => {
  const [found, logged] = await Promise.all([jobs.list(), jobs.schedulerLog().then((lines) => runsInLog(lines ?? []))]);
  const job = id === undefined ? undefined : found.find((each) => each.id === id);
  if (job) return jobs.log(job);
  const run = id === undefined ? logged.at(-1) : logged.find((each) => each.run.id === id);
  if (run) return run.lines;
  const last = id === undefined ? found.findLast(({ kind }) => kind === "backup") : undefined;
  if (last) return jobs.log(last);
  throw new JobError(
    "unknown-plan",
    id === undefined ? `no run has a log on ${jobs.place}` : `no run '${id}' has a log on ${jobs.place}`,
    "`restorable runs` lists them; of a point alone nothing but its manifest is left (`restorable show`)",
  );
};
