import { z } from "zod";
import { criticality, retention, slug } from "../../spec/index.ts";
import { Repository } from "../repository.ts";
import { type RunChoice, runArgs } from "./kubernetes-args.ts";
import { type RetentionArgs, type ScheduleChoice, scheduleArgs } from "./plan-args.ts";
import { type RunnerArgs, runnerArgs, type TargetChoice, targetArgs } from "./target-args.ts";
import { targetContradictions } from "./target-contradictions.ts";

export interface RepositoryCopyArgs {
  /** Where copies are made: a place that the first repository's writer cannot reach. */
  readonly target: TargetChoice;
  /** What runs the jobs: required where they run in containers, refused with `target: { local }`. */
  readonly runner?: RunnerArgs | undefined;
  /** What runs it in a cluster. @default a CronJob */
  readonly run?: RunChoice | undefined;
  /** Where the points are. Only its reader's credentials are handed to the job. */
  readonly from: Repository;
  /** The plan there whose points are copied. */
  readonly plan: string;
  /**
   * Where they are copied to, in another place. Its environment is the first one's. It need not sign: build it with
   * `signing: { none: {} }` and the first one's public key in `trusted`.
   */
  readonly to: Repository;
  /** @default { none: {} }: copies are made only when somebody asks (`restorable copy`) */
  readonly schedule?: ScheduleChoice | undefined;
  /** What the copy keeps, whatever the first repository keeps. @default everything is kept */
  readonly retention?: RetentionArgs | undefined;
  /** Whether somebody is woken when it is not healthy. @default critical */
  readonly criticality?: "critical" | "ordinary" | undefined;
  /** The name by which the command line knows it. @default the resource's name */
  readonly name?: string | undefined;
}

const repository = z.custom<Repository>(Repository.isInstance, "expected a Repository");

export const repositoryCopyArgs = z
  .strictObject({
    target: targetArgs,
    runner: runnerArgs.optional(),
    run: runArgs.optional(),
    from: repository,
    plan: slug,
    to: repository,
    schedule: scheduleArgs.optional(),
    retention: retention.optional(),
    criticality: criticality.optional(),
    name: slug.optional(),
  })
  .superRefine((value, context) => targetContradictions({ ...value, sources: [], repository: value.to }, context));
