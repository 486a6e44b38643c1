import * as pulumi from "@pulumi/pulumi";
import { type DeclaredDrill, kubernetesTarget, type Plan, type Repository as RepositorySpec } from "../spec/index.ts";
import { checkArgs, refuse, resolved } from "./args/check-args.ts";
import { type DrillArgs, drillArgs, drillServer, drillStorage } from "./args/drill-args.ts";
import type { BackupPlan } from "./backup-plan.ts";
import { ONLY_CLUSTER } from "./cluster.ts";
import { clusterDrill } from "./cluster-drill.ts";
import { refuseOtherProvider } from "./other-provider.ts";
import { DRILL_IDENTITY } from "./render/drill-jobs.ts";
import { scheduleSpec } from "./render/plan.ts";
import { targetSpec } from "./render/target.ts";
import type { Repository } from "./repository.ts";

const TYPE = "restorable:index:Drill";

/**
 * A rehearsal by the clock: the newest point of a plan is restored into scratch in a namespace of its own, compared with
 * its manifest, asked, timed, and the result recorded as a signed proof. Each run is a pod with a PostgreSQL of its own,
 * which holds nothing before and is gone afterwards; it reaches the store and nothing else.
 *
 * A drill that found something fails its pod and is recorded; `restorable status`, `list` and `check` show it, and alarm
 * when drills stop. Nothing runs at an update.
 *
 * @throws pulumi.RunError at preview for arguments that are wrong, each with its path
 */
export class Drill extends pulumi.ComponentResource {
  /** The name of the CronJob and of what belongs to it. */
  public readonly cronJobName: pulumi.Output<string>;

  constructor(name: string, args: DrillArgs, opts?: pulumi.ComponentResourceOptions) {
    const what = `Drill "${name}"`;
    checkArgs(drillArgs, what, args);
    if (!repositoryOf(args).bucket)
      refuse(what, "of", "lies in a directory, which a pod does not have; keep the points in a bucket");
    refuseOtherProvider(what, opts, ONLY_CLUSTER);
    super(TYPE, name, {}, opts);

    const { environment, plan, repository, declared, secrets } = drilledOf(args);
    const schedule = scheduleSpec(args.schedule);
    const identity = { project: pulumi.getProject(), stack: pulumi.getStack(), name: `${name}-drill` };
    const target = targetSpec(identity, { kubernetes: args.target.kubernetes }, { runner: args.runner });
    this.cronJobName = clusterDrill(
      name,
      {
        identity,
        target: args.target.kubernetes,
        run: args.run ?? {},
        drilled: { repository, plan, declared, schedule, checks: args.checks ?? [] },
        pod: pulumi.output({ target: target.spec, server: args.postgres, storage: args.storage }).apply((known) => ({
          target: resolved(kubernetesTarget, what, known.target),
          server: known.server && resolved(drillServer, what, known.server),
          storage: known.storage && resolved(drillStorage, what, known.storage),
        })),
        secrets: pulumi
          .all([secrets, pulumi.secret(args.identity)])
          .apply(([values, key]): Record<string, string> => ({ ...values, [DRILL_IDENTITY]: key })),
      },
      this,
    );

    // The command line reads it there, to know when drills are expected.
    this.registerOutputs({ drill: { environment, plan, schedule } satisfies DeclaredDrill });
  }
}

interface DrilledPlan {
  readonly environment: string;
  readonly plan: string;
  readonly repository: pulumi.Output<RepositorySpec>;
  readonly declared: pulumi.Output<Plan | undefined>;
  readonly secrets: pulumi.Output<Readonly<Record<string, string>>>;
}

const repositoryOf = ({ of }: DrillArgs): Repository => (of.plan ? of.plan.repository : of.stored.repository);

const drilledOf = ({ of }: DrillArgs): DrilledPlan =>
  of.plan ? ofPlan(of.plan) : stored(of.stored.repository, of.stored.plan);

const ofPlan = ({ repository, planName, spec, secrets }: BackupPlan): DrilledPlan => ({
  environment: repository.environment,
  plan: planName,
  repository: repository.spec,
  declared: pulumi.output<Plan | undefined>(spec),
  secrets,
});

const stored = (repository: Repository, plan: string): DrilledPlan => ({
  environment: repository.environment,
  plan,
  repository: repository.spec,
  declared: pulumi.output<Plan | undefined>(undefined),
  secrets: pulumi.secret(repository.secrets),
});
