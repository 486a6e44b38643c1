import type { BackupPlanArgs, CronArgs, ScheduleChoice } from "../args/plan-args.ts";
import { layoutSpec } from "./layout.ts";
import { quiesceSpec } from "./quiesce.ts";
import type { SecretInputs } from "./secrets.ts";
import { sourceSpec } from "./source.ts";
import { type PlanIdentity, targetSpec } from "./target.ts";

export interface PlanSpec {
  readonly spec: object;
  /** By target and source, so that two with one name can be seen. */
  readonly secrets: readonly SecretInputs[];
}

/** A plan's specification without its repository, Outputs still in it, and the passwords that were taken out of it. */
export const planSpec = (identity: PlanIdentity, args: Omit<BackupPlanArgs, "repository">): PlanSpec => {
  const { project, stack, name } = identity;
  const format = args.layout?.goS3Backup ? "sql" : undefined;
  const sources = args.sources.map((source) => sourceSpec(name, source, format));
  const target = targetSpec(identity, args.target, args);
  const { retention, criticality, recipients, hooks, superseded, shrinkBelow, leaseSeconds } = args;
  return {
    spec: {
      version: 1,
      project,
      stack,
      name,
      target: target.spec,
      sources: sources.map(({ spec }) => spec),
      layout: layoutSpec(args.layout),
      schedule: scheduleSpec(args.schedule),
      recipients,
      retention,
      criticality,
      quiesce: args.quiesce && quiesceSpec(args.quiesce),
      hooks,
      orphans: args.orphans,
      superseded,
      shrinkBelow,
      leaseSeconds,
      protected: args.protected ?? false,
    },
    secrets: [target, ...sources].map(({ secrets }) => secrets),
  };
};

export const scheduleSpec = (choice: ScheduleChoice | undefined) =>
  choice?.cron === undefined ? ({ kind: "none" } as const) : ({ kind: "cron", ...cronSpec(choice) } as const);

const cronSpec = ({ cron, timeZone, jitterSeconds }: CronArgs) => ({
  cron,
  timeZone,
  ...(jitterSeconds === undefined ? {} : { jitterSeconds }),
});
