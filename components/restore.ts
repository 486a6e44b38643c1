import { createHash } from "node:crypto";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { canonicalJson, launch, type Request, type RestoreRecord, request as requestSchema } from "../spec/index.ts";
import { checkArgs, refuse, resolved } from "./args/check-args.ts";
import { type RestoreArgs, restoreArgs } from "./args/restore-args.ts";
import type { BackupPlan } from "./backup-plan.ts";
import { launcherInputs, ONLY_TRIGGERS } from "./launcher.ts";
import { planOf, requestMistakes } from "./render/restore-checks.ts";
import { collisions } from "./render/secrets.ts";
import type { Repository } from "./repository.ts";
import { announcement, keptRecord, recordIn } from "./restore-record.ts";

const TYPE = "restorable:index:Restore";
/** Where the launcher finds the operator's key. */
const IDENTITY = "RESTORABLE_IDENTITY";

/**
 * A restore that runs when its request changes, and never otherwise: not at a plain `up`, not for a changed password,
 * not at `destroy`. A new `id` is one new run. A restore that fails fails that one update, is recorded, and later
 * updates are green. Preview says in one sentence what it would do, and contacts nothing.
 *
 * With `dependsOn` it waits for what the same program makes: a database server that a new machine does not have yet.
 * To run nothing else beside it: `pulumi up --target '**restorable:index:Restore**'`.
 *
 * @throws pulumi.RunError at preview for a wrong request: unknown plan, source or environment, a `confirm` that is not
 * `<project>/<stack>/<plan>`, a protected plan without a reason
 */
export class Restore extends pulumi.ComponentResource {
  /** What the last run did, from its audit record; null before the first one. Stays when the request is removed. */
  public readonly record: pulumi.Output<RestoreRecord | null>;

  constructor(name: string, args: RestoreArgs, opts?: pulumi.ComponentResourceOptions) {
    const what = `Restore "${name}"`;
    checkArgs(restoreArgs, what, args);
    const wanted = args.request === undefined ? undefined : chosen(what, requestSchema.parse(args.request), args);
    super(TYPE, name, {}, opts);

    const ran = wanted && restoreRun(name, wanted, args.identity, this);
    this.record = keptRecord(name, ran?.stdout.apply(recordIn), this);

    this.registerOutputs({ record: this.record });
  }
}

/** A request with what it names. */
interface Wanted {
  readonly request: Request;
  readonly plan: BackupPlan;
  readonly repository: Repository;
  readonly fromPlan: string;
}

const chosen = (what: string, request: Request, { plans, from = [] }: RestoreArgs): Wanted => {
  const found = planOf(
    request,
    plans.map(({ facts }) => facts),
  );
  if ("path" in found) return refuse(what, found.path, found.fact);
  const plan = plans.find(({ facts }) => facts === found) as BackupPlan;
  const repositories = [...new Set([plan.repository, ...from])];
  const environments = repositories.map(({ environment }) => environment);
  const [mistake] = requestMistakes(request, found, environments);
  if (mistake) refuse(what, mistake.path, mistake.fact);
  const environment = request.from?.environment ?? plan.repository.environment;
  const repository = repositories.find((each) => each.environment === environment) as Repository;
  const twice = repository === plan.repository ? [] : collisions(plan.repository.secrets, repository.secrets);
  if (twice.length > 0)
    refuse(what, "from", `two repositories would have a secret named ${twice.join(", ")}; rename one of them`);
  return { request, plan, repository, fromPlan: request.from?.plan ?? plan.planName };
};

const restoreRun = (
  name: string,
  { request, plan, repository, fromPlan }: Wanted,
  identity: RestoreArgs["identity"],
  parent: Restore,
): command.local.Command => {
  const text = canonicalJson(request);
  const launchText = pulumi.all([plan.spec, repository.spec]).apply(([planSpec, from]) =>
    canonicalJson(
      resolved(launch, `Restore "${name}"`, {
        kind: "restore",
        version: 1,
        plan: planSpec,
        from: { repository: from, plan: fromPlan },
        request,
        requestDigest: createHash("sha256").update(text).digest("hex"),
        identity: { kind: "env", name: IDENTITY },
      }),
    ),
  );
  const secrets = pulumi.secret({ ...repository.secrets, ...(identity === undefined ? {} : { [IDENTITY]: identity }) });
  const environment = pulumi.all([plan.secrets, secrets]).apply(([ofPlan, others]) => ({ ...ofPlan, ...others }));
  return new command.local.Command(`${name}-run`, launcherInputs(launchText, environment, [text]), {
    parent,
    ignoreChanges: ONLY_TRIGGERS,
    customTimeouts: { create: "6h" },
    dependsOn: [plan, plan.repository, repository, ...bucketsOf(plan.repository, repository)],
    hooks: { beforeCreate: [announcement(name, request, parent)] },
  });
};

const bucketsOf = (...repositories: readonly Repository[]): pulumi.Resource[] =>
  repositories.flatMap(({ bucket }) => (bucket ? [bucket] : []));
