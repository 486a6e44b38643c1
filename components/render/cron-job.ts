import type { Schedule } from "../../spec/index.ts";
import type { CronJobArgs } from "../args/kubernetes-args.ts";
import { clusterCron } from "./cluster-cron.ts";

const HOUR = 3600;

/** What each run's pod is made from. */
export interface RunTemplate<Spec> {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: Spec;
}

/** A CronJob: one pod for each run, never two at once, and none again after it has failed. */
export const cronJob = <Spec>(
  schedule: Schedule,
  run: CronJobArgs,
  { labels, annotations, spec }: RunTemplate<Spec>,
) => {
  if (schedule.kind !== "cron") throw new Error("without a schedule there is no CronJob");
  return {
    schedule: clusterCron(schedule.cron),
    timeZone: schedule.timeZone,
    concurrencyPolicy: "Forbid",
    startingDeadlineSeconds: (run.startingDeadlineHours ?? 6) * HOUR,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 5,
    jobTemplate: {
      metadata: { labels },
      spec: {
        // The runner itself tries again what may pass; a pod that was killed left a lease that lives on for a while.
        backoffLimit: 0,
        // A pod that was moved from its node has not failed: it begins again elsewhere.
        podFailurePolicy: {
          rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }],
        },
        activeDeadlineSeconds: (run.deadlineHours ?? 24) * HOUR,
        template: { metadata: { labels, annotations }, spec },
      },
    },
  };
};
