import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { type BackupPlan, Drill, type DrillServerArgs } from "../components/index.ts";
import { drillCheck, kubernetesTarget, slug } from "../spec/index.ts";
import { clusterOf, namespaceConfig } from "./cluster.ts";
import { scheduleConfig } from "./schedule.ts";

/** The schema of `rehearsal`: the newest point is restored by the clock, in a namespace where nothing else is. */
export const rehearsalConfig = namespaceConfig.extend({
  schedule: scheduleConfig.unwrap().omit({ jitterSeconds: true }),
  plans: z.array(slug).optional(),
  postgres: z.strictObject({ image: z.string(), user: kubernetesTarget.shape.user }).optional(),
  storage: z.strictObject({ size: z.string(), class: z.string().optional() }).optional(),
  memory: kubernetesTarget.shape.memory.unwrap().optional(),
  checks: z.record(slug, z.array(drillCheck)).default({}),
});
type RehearsalConfig = z.output<typeof rehearsalConfig>;

/** What the application's own settings say. */
interface Application {
  readonly namespace: string;
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly runner: string;
}

/** Declares a drill for each of these plans, or for those of them that the config names. */
export const rehearsal = (
  settings: RehearsalConfig,
  plans: readonly BackupPlan[],
  application: Application,
  server: DrillServerArgs,
  config: pulumi.Config,
): readonly Drill[] => {
  const place = placeOf(settings, application);
  const { storage, memory, schedule, checks } = settings;
  refuseUnknown("plans", settings.plans ?? [], plans);
  refuseUnknown("checks", Object.keys(checks), plans);
  const { size, class: storageClass } = storage ?? {};
  return plans
    .filter(({ planName }) => settings.plans?.includes(planName) ?? true)
    .map(
      (plan) =>
        new Drill(plan.planName, {
          of: { plan },
          target: { kubernetes: { ...place, memory } },
          runner: { image: application.runner },
          postgres: { ...server, ...settings.postgres },
          storage: size === undefined ? undefined : { size, storageClass },
          schedule,
          identity: config.requireSecret("rehearsalIdentity"),
          checks: checks[plan.planName],
        }),
    );
};

/** In the application's cluster unless it names another one; whoever may read its Secrets has the key for drills. */
const placeOf = ({ namespace, kubeconfig, context }: RehearsalConfig, application: Application) => {
  const own = kubeconfig === undefined && context === undefined;
  if (own && namespace === application.namespace) {
    refuse("namespace", `'${namespace}' is the application's; a rehearsal needs one where nothing else is`);
  }
  return clusterOf(own ? { ...application, namespace } : { namespace, kubeconfig, context });
};

const refuseUnknown = (at: string, names: readonly string[], plans: readonly BackupPlan[]): void => {
  const known = plans.map(({ planName }) => planName);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) refuse(at, `unknown: ${unknown.join(", ")}; the stack's plans are ${known.join(", ")}`);
};

const refuse = (at: string, fact: string): never => {
  throw new pulumi.RunError(`stack config: rehearsal.${at}: ${fact}`);
};
