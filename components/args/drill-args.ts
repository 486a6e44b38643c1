import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { drillCheck, kubernetesTarget, slug } from "../../spec/index.ts";
import { BackupPlan } from "../backup-plan.ts";
import type { ExclusiveUnion } from "../exclusive-union.ts";
import { Repository } from "../repository.ts";
import {
  type CronJobArgs,
  cronJobArgs,
  type KubernetesTargetArgs,
  kubernetesArgs,
  quantity,
} from "./kubernetes-args.ts";
import { type CronArgs, cronArgs } from "./plan-args.ts";
import { exclusive, leaf, optional, text } from "./schema.ts";
import { type RunnerArgs, runnerArgs } from "./target-args.ts";

/** A plan of which only the repository is at hand: another stack's. */
export interface StoredPlanArgs {
  /** It must have a reader's and a prover's rights, and the prover's key. */
  readonly repository: Repository;
  /** The plan's name in it. */
  readonly plan: string;
}

/** Whose points are restored. With `plan`, its comparisons of rows with files are made, too. */
export type DrilledChoice = ExclusiveUnion<{ plan: BackupPlan; stored: StoredPlanArgs }>;

/** A question that a restored database must answer: one SELECT that gives a row, whose first value is neither false nor null. */
export type DrillCheckArgs = z.input<typeof drillCheck>;

/** Where drills run: nothing but they should be in this namespace. */
export type DrillTargetArgs = Omit<KubernetesTargetArgs, "ledger">;

/** The server that each drill gets for itself, beside the runner in its pod. */
export interface DrillServerArgs {
  /**
   * PostgreSQL's official image or one made from it, with all that the plan's databases need: their major or a newer one,
   * and the same versions of their extensions.
   */
  readonly image: pulumi.Input<string>;
  /** The image's user for the server, `<uid>:<gid>` in numbers. @default "999:999", as in the official image on Debian */
  readonly user?: pulumi.Input<string> | undefined;
  /** Bytes of memory. @default 1 GiB */
  readonly memory?: pulumi.Input<number> | undefined;
}

/** A volume of a storage class for each of the databases and the files, instead of the node's own disk. */
export interface DrillStorageArgs {
  /** How much each asks for. */
  readonly size: pulumi.Input<string>;
  /** @default the cluster's own default */
  readonly storageClass?: pulumi.Input<string> | undefined;
}

export interface DrillArgs {
  readonly of: DrilledChoice;
  readonly target: { readonly kubernetes: DrillTargetArgs };
  readonly runner: RunnerArgs;
  /** @default none: enough for points without databases */
  readonly postgres?: DrillServerArgs | undefined;
  /** @default the node's own disk */
  readonly storage?: DrillStorageArgs | undefined;
  readonly schedule: CronArgs;
  readonly run?: CronJobArgs | undefined;
  /**
   * The private key of a recipient that is for drills alone: whoever may read Secrets of the namespace has it. Only the
   * container that opens one point's own key sees it; what restores sees that one key.
   */
  readonly identity: pulumi.Input<string>;
  /** @default none */
  readonly checks?: readonly DrillCheckArgs[] | undefined;
}

const { shape } = kubernetesTarget;

/** A drill's server, once its values are known. */
export const drillServer = z.strictObject({
  image: text,
  user: shape.user.unwrap().default("999:999"),
  memory: shape.memory,
});
export type DrillServer = z.infer<typeof drillServer>;

/** The same of its volumes. */
export const drillStorage = z.strictObject({ size: quantity, storageClass: shape.ledger.optional() });
export type DrillStorage = z.infer<typeof drillStorage>;

export const drillArgs = z.strictObject({
  of: exclusive({
    plan: z.custom<BackupPlan>(BackupPlan.isInstance, "expected a BackupPlan"),
    stored: z.strictObject({
      repository: z.custom<Repository>(Repository.isInstance, "expected a Repository"),
      plan: slug,
    }),
  }),
  target: z.strictObject({ kubernetes: kubernetesArgs.omit({ ledger: true }) }),
  runner: runnerArgs,
  postgres: z
    .strictObject({ image: leaf(text), user: optional(shape.user.unwrap()), memory: optional(shape.memory.unwrap()) })
    .optional(),
  storage: z.strictObject({ size: leaf(quantity), storageClass: optional(shape.ledger) }).optional(),
  schedule: cronArgs,
  run: cronJobArgs.optional(),
  identity: leaf(
    z.string().regex(/AGE-SECRET-KEY-1/, "expected an age private key: a line that begins with AGE-SECRET-KEY-1"),
  ),
  checks: z.array(drillCheck).optional(),
});
