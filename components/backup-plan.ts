import * as pulumi from "@pulumi/pulumi";
import { type Plan, plan, slug } from "../spec/index.ts";
import { checkArgs, refuse, resolved } from "./args/check-args.ts";
import { type BackupPlanArgs, backupPlanArgs } from "./args/plan-args.ts";
import { sourceKind, sourceName } from "./args/source-args.ts";
import { placed, refuseOtherPlace } from "./placed.ts";
import { ungranted } from "./render/layout.ts";
import { lockContradiction } from "./render/lock-contract.ts";
import { planSpec, scheduleSpec } from "./render/plan.ts";
import type { PlanFacts } from "./render/restore-checks.ts";
import { collisions, type SecretInputs } from "./render/secrets.ts";
import type { Sidecar } from "./render/sidecar.ts";
import type { PlanIdentity } from "./render/target.ts";
import type { Repository } from "./repository.ts";

const TYPE = "restorable:index:BackupPlan";

/**
 * What is backed up together, how often, how long it is kept, and where to.
 *
 * On the `local` target nothing is installed that runs it: take a backup with `restorable backup`, from a cron line or
 * a systemd timer of the machine. On a Docker host it declares the volume of the ledger, which outlives the plan, and,
 * with a schedule, a container that takes backups: it reads the sources, has its secrets as files, and cannot write to
 * the host. In a cluster it declares the claim of the ledger, which outlives the plan, and, with a schedule, a Secret with
 * what its runs need, and a CronJob with a service account without any right and a network policy; or the Secret and the
 * output `sidecar`. `transforms` reach all of them. The command line finds the plans of a stack by what this component registers.
 *
 * @throws pulumi.RunError at preview for arguments that are wrong, each with its path; for a repository that does not
 * sign; for a layout that the repository's identities have no rights for; and where the bucket's lock and the retention
 * contradict each other
 */
export class BackupPlan extends pulumi.ComponentResource {
  /** The plan's name in the repository. */
  public readonly planName: string;
  /** The resolved specification: the contract that jobs get, without any secret. */
  public readonly spec: pulumi.Output<Plan>;
  /** Values for the references in `spec`, by the name of their environment variable; secret. */
  public readonly secrets: pulumi.Output<Readonly<Record<string, string>>>;
  public readonly repository: Repository;
  /** What a request can be checked against before anything is known. */
  public readonly facts: PlanFacts;
  readonly #sidecar: pulumi.Output<Sidecar> | undefined;

  constructor(name: string, args: BackupPlanArgs, opts?: pulumi.ComponentResourceOptions) {
    const what = `BackupPlan "${name}"`;
    checkArgs(backupPlanArgs, what, args);
    const planName = args.name ?? name;
    const { repository, ...declared } = args;
    const { spec, secrets } = planSpec(
      { project: pulumi.getProject(), stack: pulumi.getStack(), name: planName },
      declared,
    );
    refuseContradictions(what, planName, args, secrets);
    refuseOtherPlace(what, args.target, opts);
    super(TYPE, name, {}, opts);

    this.planName = planName;
    this.repository = repository;
    this.facts = factsOf(planName, args);
    this.spec = pulumi.output({ ...spec, repository: repository.spec }).apply((known) => resolved(plan, what, known));
    this.secrets = pulumi.secret(Object.assign({}, repository.secrets, ...secrets) as SecretInputs);
    this.warn(args);
    this.#sidecar = placed(name, { ...args, identity: this.identity, plan: this.spec, secrets: this.secrets }, this);

    this.registerOutputs({ spec: this.spec, secrets: this.secrets });
  }

  /** Whether a value is a BackupPlan, also one of another copy of this package. */
  public static override isInstance(value: unknown): value is BackupPlan {
    return pulumi.ComponentResource.isInstance(value) && "__pulumiType" in value && value.__pulumiType === TYPE;
  }

  /**
   * What a pod of the application takes in with `run: { sidecar: {} }`.
   * @throws pulumi.RunError for a plan that something else runs
   */
  public get sidecar(): pulumi.Output<Sidecar> {
    return this.#sidecar ?? refuse(`BackupPlan "${this.planName}"`, "sidecar", "needs `run: { sidecar: {} }`");
  }

  private get identity(): PlanIdentity {
    return { project: pulumi.getProject(), stack: pulumi.getStack(), name: this.planName };
  }

  private warn({ recipients, schedule, sources, layout }: BackupPlanArgs): void {
    if (layout !== undefined && !layout.chipster) {
      void pulumi.log.warn(
        `the layout ${Object.keys(layout).join()} stores what it names neither compressed nor encrypted: whoever reads the repository reads the data`,
        this,
      );
    }
    if (recipients.length === 1) {
      void pulumi.log.warn(
        "one recipient alone: who loses its key loses every backup; add a second one, kept elsewhere",
        this,
      );
    }
    for (const source of sources) {
      if (source.objects && !source.objects.store?.versions) {
        void pulumi.log.warn(
          `the copies of '${sourceName(source)}' in the repository are not encrypted by age: let the repository's bucket encrypt them`,
          this,
        );
      }
    }
    if (schedule === undefined) {
      void pulumi.log.warn(
        "no schedule: a backup is taken only when somebody asks; say `schedule: { none: {} }` if that is meant",
        this,
      );
    }
  }
}

const refuseContradictions = (
  what: string,
  planName: string,
  args: BackupPlanArgs,
  secrets: readonly SecretInputs[],
): void => {
  if (!slug.safeParse(planName).success) {
    refuse(
      what,
      "name",
      `is missing; the resource's name '${planName}' cannot be one: give it in lower-case letters, digits, '.', '-', '_'`,
    );
  }
  if (!args.repository.signs) refuse(what, "repository", "is only read: nobody signs what would be written to it");
  const { grantedKeys } = args.repository;
  const missing = grantedKeys ? ungranted(args.layout, args.sources, grantedKeys) : [];
  if (missing.length > 0) {
    refuse(
      what,
      "layout",
      `stores under ${missing.join(", ")}, where the repository's identities may do nothing: name that in the \`keys\` of its \`s3\``,
    );
  }
  const twice = collisions(args.repository.secrets, ...secrets);
  if (twice.length > 0)
    refuse(what, "sources", `two secrets would have the name ${twice.join(", ")}; name the sources differently`);
  const contradiction = lockContradiction(args.repository.bucket?.lock, args.retention, scheduleSpec(args.schedule));
  if (contradiction !== undefined) refuse(what, "retention", contradiction);
};

const factsOf = (name: string, args: BackupPlanArgs): PlanFacts => ({
  name,
  target: `${pulumi.getProject()}/${pulumi.getStack()}/${name}`,
  environment: args.repository.environment,
  protected: args.protected ?? false,
  targetKind: args.target.kubernetes ? "kubernetes" : args.target.docker ? "docker" : "local",
  sources: args.sources.map((source) => ({ name: sourceName(source), kind: sourceKind(source) })),
});
