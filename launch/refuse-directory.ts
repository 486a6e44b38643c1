import { type Job, JobError } from "../spec/index.ts";

/** A path in a container is gone when the job ends. @throws JobError `bad-config` */
export const refuseDirectory = (job: Job): void => {
  if (job.kind !== "restore" || job.request.into.directory === undefined) return;
  throw new JobError(
    "bad-config",
    `this plan's jobs run in containers, where '${job.request.into.directory}' would be lost`,
    "restore into a volume: `into: { volume: … }`, or `--volume NAME`; nothing was touched",
  );
};
