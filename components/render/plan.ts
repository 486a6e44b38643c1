import type { BackupPlanArgs, ScheduleChoice } from "../args/plan-args.ts";
import type { SecretInputs } from "./secrets.ts";
import { sourceSpec } from "./source.ts";

/** Where restores onto `local` keep their journals when nobody says otherwise: one place for all who use the machine. */
export const DEFAULT_LEDGER = "/var/lib/restorable";

export interface PlanIdentity {
  readonly project: string;
  readonly stack: string;
  readonly name: string;
}

export interface PlanSpec {
  readonly spec: object;
  /** By source, so that two with one name can be seen. */
  readonly secrets: readonly SecretInputs[];
}

/** A plan's specification without its repository, Outputs still in it, and the passwords that were taken out of it. */
export const planSpec = (
  { project, stack, name }: PlanIdentity,
  args: Omit<BackupPlanArgs, "repository">,
): PlanSpec => {
  const sources = args.sources.map((source) => sourceSpec(name, source));
  const { retention, recipients, quiesce, hooks, superseded, shrinkBelow, leaseSeconds } = args;
  return {
    spec: {
      version: 1,
      project,
      stack,
      name,
      target: { kind: "local", ledger: args.target.local.ledger ?? DEFAULT_LEDGER, scratch: args.target.local.scratch },
      sources: sources.map(({ spec }) => spec),
      schedule: scheduleSpec(args.schedule),
      recipients,
      retention,
      quiesce,
      hooks,
      superseded,
      shrinkBelow,
      leaseSeconds,
      protected: args.protected ?? false,
    },
    secrets: sources.map(({ secrets }) => secrets),
  };
};

export const scheduleSpec = (choice: ScheduleChoice | undefined) =>
  choice?.cron === undefined
    ? ({ kind: "none" } as const)
    : ({ kind: "cron", cron: choice.cron, timeZone: choice.timeZone } as const);
