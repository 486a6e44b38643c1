import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { canonicalJson, launch } from "../spec/index.ts";
import { checkArgs, resolved } from "./args/check-args.ts";
import { type RecoveryPointArgs, recoveryPointArgs } from "./args/recovery-point-args.ts";
import { launcherInputs, ONLY_TRIGGERS } from "./launcher.ts";

const TYPE = "restorable:index:RecoveryPoint";
/** Where the launcher finds the operator's key. */
const IDENTITY = "RESTORABLE_IDENTITY";

/**
 * A recovery point that is taken and read back before something else happens: a migration that `dependsOn` it runs only
 * when the point is good. It is taken once for each `trigger`, and never otherwise: not at a plain `up`, not for a
 * changed password, not at `destroy`. A backup or a verify that fails fails the update, and the next update tries again.
 *
 * @throws pulumi.RunError at preview for arguments that are wrong, each with its path
 */
export class RecoveryPoint extends pulumi.ComponentResource {
  /** The point's id. */
  public readonly point: pulumi.Output<string>;
  /** Whether it was decrypted and unpacked too, and not only read by its digests. */
  public readonly opened: pulumi.Output<boolean>;

  constructor(name: string, args: RecoveryPointArgs, opts?: pulumi.ComponentResourceOptions) {
    const what = `RecoveryPoint "${name}"`;
    checkArgs(recoveryPointArgs, what, args);
    super(TYPE, name, {}, opts);

    const run = pointRun(name, what, args, this);
    const taken = run.stdout.apply((line) => JSON.parse(line) as { readonly point: string; readonly opened: boolean });
    this.point = taken.apply(({ point }) => point);
    this.opened = taken.apply(({ opened }) => opened);

    this.registerOutputs({ point: this.point, opened: this.opened });
  }
}

const pointRun = (
  name: string,
  what: string,
  { plan, trigger, identity }: RecoveryPointArgs,
  parent: RecoveryPoint,
): command.local.Command => {
  const known = pulumi.output(trigger);
  const launchText = pulumi.all([plan.spec, known]).apply(([spec, text]) =>
    canonicalJson(
      resolved(launch, what, {
        kind: "backup",
        version: 1,
        plan: spec,
        trigger: text,
        ...(identity === undefined ? {} : { identity: { kind: "env", name: IDENTITY } }),
      }),
    ),
  );
  const secrets = pulumi.secret(identity === undefined ? {} : { [IDENTITY]: identity });
  const environment = pulumi.all([plan.secrets, secrets]).apply(([ofPlan, others]) => ({ ...ofPlan, ...others }));
  const { bucket } = plan.repository;
  return new command.local.Command(`${name}-run`, launcherInputs(launchText, environment, [known]), {
    parent,
    ignoreChanges: ONLY_TRIGGERS,
    customTimeouts: { create: "24h" },
    dependsOn: [plan, plan.repository, ...(bucket ? [bucket] : [])],
    hooks: { beforeCreate: [announcement(name, plan.facts.target, parent)] },
  });
};

/** As a hook, because only then is it known that it will run; at preview, too. */
const announcement = (name: string, target: string, on: pulumi.Resource): pulumi.ResourceHook =>
  new pulumi.ResourceHook(
    `${name}-announcement`,
    async ({ newInputs }) => {
      const trigger = (newInputs?.triggers as readonly unknown[] | undefined)?.[0];
      const what = typeof trigger === "string" ? ` for '${trigger}'` : "";
      await pulumi.log.info(
        `takes a recovery point of ${target}${what} and reads it back; what depends on it runs only if the point is good`,
        on,
      );
    },
    { onDryRun: true },
  );
