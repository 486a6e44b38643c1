import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import {
  criticality,
  orphanQuery,
  plan,
  type Retention,
  recipient,
  retention,
  schedule,
  slug,
} from "../../spec/index.ts";
import type { Empty, ExclusiveUnion } from "../exclusive-union.ts";
import { Repository } from "../repository.ts";
import { type RunChoice, runArgs } from "./kubernetes-args.ts";
import { type LayoutChoice, layoutArgs } from "./layout-args.ts";
import { type QuiesceArgs, quiesceArgs } from "./quiesce-args.ts";
import { argvList, empty, exclusive, leaf, optional } from "./schema.ts";
import { type SourceArgs, sourceArgs, sourceKind, sourceName } from "./source-args.ts";
import { type RunnerArgs, runnerArgs, type TargetChoice, targetArgs } from "./target-args.ts";
import { targetContradictions } from "./target-contradictions.ts";

/** `cron`: five fields, six with seconds first, or `@daily` and the like; the time zone is explicit. */
export interface CronArgs {
  readonly cron: string;
  readonly timeZone: string;
  /** Each run begins up to so many seconds later, at random, so that many plans do not all begin at once. @default 0 */
  readonly jitterSeconds?: number | undefined;
  readonly none?: undefined;
}

/** When a plan runs. */
export type ScheduleChoice =
  | CronArgs
  | {
      readonly none: Empty;
      readonly cron?: undefined;
      readonly timeZone?: undefined;
      readonly jitterSeconds?: undefined;
    };

export interface HooksArgs {
  /** Programs that run against the restored copy before it is swapped in. */
  readonly afterRestore?: readonly (readonly pulumi.Input<string>[])[] | undefined;
}

/** One comparison of rows with files or objects: see `orphans` in the package's `spec`. */
export type OrphanQueryArgs = z.input<typeof orphanQuery>;

/** What to keep: the spec's retention, with `minimum` optional. */
export type RetentionArgs = Partial<Retention>;

export interface BackupPlanArgs {
  readonly target: TargetChoice;
  /** What runs the jobs: required with `target: { docker }` and `target: { kubernetes }`, refused with `target: { local }`. */
  readonly runner?: RunnerArgs | undefined;
  /** What runs the plan by its schedule. Only with `target: { kubernetes }`. @default { cronJob: {} } */
  readonly run?: RunChoice | undefined;
  /** What is backed up together. Two of a kind need names. */
  readonly sources: readonly SourceArgs[];
  /** Where points go. It must sign: a repository that is only read is refused. */
  readonly repository: Repository;
  /**
   * Names of new artifacts as an older tool's, so that it can still read them. What the layout names is neither
   * compressed nor encrypted. Identities by role need rights for these names: `keys` of the repository, or of grants, are
   * `backup/*` for go-s3-backup, `*-ailabeltooldb-*` and `*-aide_images-*` for AIDE. @default our own names, encrypted
   */
  readonly layout?: LayoutChoice | undefined;
  /** @default { none: {} }: a backup is taken only when somebody asks; a warning says so */
  readonly schedule?: ScheduleChoice | undefined;
  /** @default everything is kept */
  readonly retention?: RetentionArgs | undefined;
  /** Whether somebody is woken when it is not healthy: exit code 13 of `check` and `status`, or 15. @default critical */
  readonly criticality?: "critical" | "ordinary" | undefined;
  /** age recipients (`age1…`). Each can open every point of this plan; one alone gets a warning. */
  readonly recipients: readonly pulumi.Input<string>[];
  /** What stops and starts the application around a restore. @default nothing is stopped */
  readonly quiesce?: QuiesceArgs | undefined;
  readonly hooks?: HooksArgs | undefined;
  /** Comparisons of rows with the files or objects that they expect. @default none */
  readonly orphans?: readonly OrphanQueryArgs[] | undefined;
  /** A restore onto a protected plan needs a reason, and what it replaces is held longer. @default false */
  readonly protected?: boolean | undefined;
  /** How long what a restore replaced is kept. @default 14 days if protected, else the last one */
  readonly superseded?: ExclusiveUnion<{ days: number; keep: number }> | undefined;
  /** A fall of rows or bytes below this share of the last point's flags the new one and freezes pruning. @default 0.5 */
  readonly shrinkBelow?: pulumi.Input<number> | undefined;
  /** Seconds that a lease lives without being renewed. @default 90 */
  readonly leaseSeconds?: pulumi.Input<number> | undefined;
  /** The plan's name in the repository; another resource name does not move the catalog then. @default the resource's name */
  readonly name?: string | undefined;
}

const { shape } = plan;
const cron = schedule.options[1].shape;

export const cronArgs = z.strictObject({
  cron: cron.cron,
  timeZone: cron.timeZone,
  jitterSeconds: cron.jitterSeconds,
});

export const scheduleArgs = z
  .strictObject({
    cron: cron.cron.optional(),
    timeZone: cron.timeZone.optional(),
    jitterSeconds: cron.jitterSeconds,
    none: empty.optional(),
  })
  .superRefine((value, context) => {
    const refuse = (message: string, ...path: string[]) => context.addIssue({ code: "custom", message, path });
    const isCron = [value.cron, value.timeZone, value.jitterSeconds].some((part) => part !== undefined);
    if (isCron === (value.none !== undefined)) return refuse("expected either cron with timeZone, or none");
    if (!isCron) return;
    if (value.cron === undefined) refuse("is missing; expected a schedule such as @daily", "cron");
    if (value.timeZone === undefined)
      refuse("is missing; expected an IANA time zone such as Europe/London, or UTC", "timeZone");
  });

const names = (sources: readonly unknown[], context: z.RefinementCtx): void => {
  const seen = new Set<string>();
  (sources as readonly SourceArgs[]).forEach((source, index) => {
    // What is wrong with the source itself has been said.
    if (!source?.postgres && !source?.files && !source?.objects) return;
    const name = sourceName(source);
    if (seen.has(name)) {
      const path = [index, sourceKind(source), "name"];
      context.addIssue({
        code: "custom",
        path,
        message: `another source has the name '${name}'; give each one a name`,
      });
    }
    seen.add(name);
  });
};

const planShape = z.strictObject({
  target: targetArgs,
  runner: runnerArgs.optional(),
  run: runArgs.optional(),
  sources: z.array(sourceArgs).min(1, "expected at least one source").superRefine(names),
  repository: z.custom<Repository>(Repository.isInstance, "expected a Repository"),
  layout: layoutArgs.optional(),
  schedule: scheduleArgs.optional(),
  retention: retention.optional(),
  criticality: criticality.optional(),
  recipients: z
    .array(leaf(recipient))
    .min(1, "expected at least one age recipient; without one nobody could read a backup"),
  quiesce: quiesceArgs.optional(),
  hooks: z.strictObject({ afterRestore: argvList.optional() }).optional(),
  orphans: z.array(orphanQuery).optional(),
  protected: z.boolean().optional(),
  superseded: exclusive({ days: z.number().int().min(14).max(3650), keep: z.number().int().min(1) }).optional(),
  shrinkBelow: optional(shape.shrinkBelow.unwrap()),
  leaseSeconds: optional(shape.leaseSeconds.unwrap()),
  name: slug.optional(),
});

export const backupPlanArgs = planShape.superRefine(targetContradictions);
