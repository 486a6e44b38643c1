import * as pulumi from "@pulumi/pulumi";
import { type Plan, plan, type Repository as RepositorySpec, slug } from "../spec/index.ts";
import { checkArgs, refuse, resolved } from "./args/check-args.ts";
import { type RepositoryCopyArgs, repositoryCopyArgs } from "./args/repository-copy-args.ts";
import { placed, refuseOtherPlace } from "./placed.ts";
import { planSpec } from "./render/plan.ts";
import { collisions, type SecretInputs } from "./render/secrets.ts";
import type { PlanIdentity } from "./render/target.ts";

const TYPE = "restorable:index:RepositoryCopy";

/**
 * An independent copy of the points of a plan, pulled from where its writer cannot reach: an archive host. Every byte is
 * checked, the copy keeps by its own retention, has its own freshness and proofs, and restores alone.
 *
 * With a schedule it declares what copies: a container of a Docker host, or a CronJob of a cluster that is not the one whose
 * points it copies. `restorable copy` copies at once. The command
 * line treats it as a plan of its own: `list`, `check`, `verify`, `prune` and `status` show the copy.
 *
 * @throws pulumi.RunError at preview for arguments that are wrong, each with its path, and where both repositories are
 * of different environments
 */
export class RepositoryCopy extends pulumi.ComponentResource {
  /** The resolved specification, without any secret. */
  public readonly spec: pulumi.Output<Plan>;
  /** Values for the references in `spec`, by the name of their environment variable; secret. */
  public readonly secrets: pulumi.Output<Readonly<Record<string, string>>>;

  constructor(name: string, args: RepositoryCopyArgs, opts?: pulumi.ComponentResourceOptions) {
    const what = `RepositoryCopy "${name}"`;
    checkArgs(repositoryCopyArgs, what, args);
    const { from, to, target, schedule, plan: copied, ...declared } = args;
    const identity = { project: pulumi.getProject(), stack: pulumi.getStack(), name: args.name ?? name };
    refuseContradictions(what, args, identity);
    refuseOtherPlace(what, target, opts);
    super(TYPE, name, {}, opts);

    const { spec, secrets } = planSpec(identity, { ...declared, target, schedule, sources: [], recipients: [] });
    this.spec = pulumi.all([spec, from.spec, to.spec]).apply(([known, there, here]) =>
      resolved(plan, what, {
        ...known,
        repository: archive(there, here),
        copyOf: { repository: there, plan: copied },
      }),
    );
    this.secrets = pulumi.secret(Object.assign({}, from.secrets, to.secrets, ...secrets) as SecretInputs);
    placed(name, { identity, target, schedule, run: args.run, plan: this.spec, secrets: this.secrets }, this);

    this.registerOutputs({ spec: this.spec, secrets: this.secrets });
  }
}

/** What is copied was signed by whom the first repository trusts, and its files open with the password from there. */
const archive = (
  { trusted, filesPassword }: RepositorySpec,
  { signingKey: _, ...here }: RepositorySpec,
): RepositorySpec => ({
  ...here,
  trusted: [...new Set([...here.trusted, ...trusted])],
  ...(filesPassword ? { filesPassword } : {}),
});

const refuseContradictions = (what: string, { from, to }: RepositoryCopyArgs, { name }: PlanIdentity): void => {
  if (!slug.safeParse(name).success)
    refuse(what, "name", `is missing; the resource's name '${name}' cannot be one: give it in lower-case letters`);
  if (from === to) refuse(what, "to", "is the repository that is to be copied");
  if (from.environment !== to.environment)
    refuse(what, "to", `is of environment '${to.environment}': a copy keeps its environment, '${from.environment}'`);
  const twice = collisions(from.secrets, to.secrets);
  if (twice.length > 0)
    refuse(what, "to", `two repositories would have a secret named ${twice.join(", ")}; rename one`);
};
