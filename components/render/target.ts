import { createHash } from "node:crypto";
import { clusterName } from "../../spec/index.ts";
import type { KubernetesTargetArgs, RunChoice } from "../args/kubernetes-args.ts";
import type { DockerTargetArgs, RunnerArgs, TargetChoice } from "../args/target-args.ts";
import { type Split, secretName, secretRefOf } from "./secrets.ts";

/** Where restores onto `local` keep their journals when nobody says otherwise: one place for all who use the machine. */
const DEFAULT_LEDGER = "/var/lib/restorable";
/** Where an engine of the operator's own machine listens. */
const DEFAULT_HOST = "unix:///var/run/docker.sock";
const LONGEST_NAME = 128;

export interface PlanIdentity {
  readonly project: string;
  readonly stack: string;
  readonly name: string;
}

/** What runs jobs on a target, and by a schedule. */
export interface Runs {
  readonly runner?: RunnerArgs | undefined;
  readonly run?: RunChoice | undefined;
}

/** A target as the contract has it, Outputs still in it. */
export const targetSpec = (identity: PlanIdentity, target: TargetChoice, runs: Runs): Split<object> => {
  if (target.kubernetes) return kubernetesSpec(identity, target.kubernetes, runs);
  if (target.docker) return { spec: dockerSpec(identity, target.docker, runs.runner), secrets: {} };
  const { ledger = DEFAULT_LEDGER, scratch } = target.local;
  return { spec: { kind: "local", ledger, scratch }, secrets: {} };
};

const kubernetesSpec = (identity: PlanIdentity, args: KubernetesTargetArgs, { runner, run }: Runs): Split<object> => {
  const { kubeconfig, ledger, certificates, ...plain } = args;
  const name = secretName(identity.name, "kubeconfig");
  const reached = kubeconfig && (kubeconfig.file ? { kind: "file", path: kubeconfig.file } : secretRefOf(name));
  return {
    spec: {
      kind: "kubernetes",
      ...plain,
      kubeconfig: reached,
      image: runner?.image,
      imagePullSecrets: runner?.pullSecrets,
      ledger: ledger?.claim ?? `${clusterName(identity)}-ledger`,
      certificates: certificates?.map(({ path, configMap, secret }) => ({
        path,
        ...(configMap ? { from: "configMap", ...configMap } : { from: "secret", ...secret }),
      })),
      run: run?.sidecar ? "sidecar" : "cronJob",
    },
    secrets: kubeconfig?.content === undefined ? {} : { [name]: kubeconfig.content },
  };
};

const dockerSpec = (identity: PlanIdentity, args: DockerTargetArgs, runner: RunnerArgs | undefined): object => ({
  kind: "docker",
  host: hostOf(args),
  image: runner?.image,
  network:
    args.network === undefined ? { kind: "container", name: args.networkOf } : { kind: "network", name: args.network },
  ledger: args.ledger ?? dockerName(identity, "ledger"),
  user: args.user,
  memory: args.memory,
});

/** How the engine of a target is reached. */
export const hostOf = ({ host }: DockerTargetArgs) => host ?? DEFAULT_HOST;

/**
 * The name of what a plan has on a Docker host: `restorable_<project>_<stack>_<plan>_<role>`, the same at every update.
 * A digest takes the place of what is too long for Docker.
 */
export const dockerName = ({ project, stack, name }: PlanIdentity, role?: string): string => {
  const end = role === undefined ? "" : `_${role}`;
  const whole = `restorable_${[project, stack, name].join("_").replace(/[^A-Za-z0-9_.-]/g, "-")}`;
  if (whole.length + end.length <= LONGEST_NAME) return whole + end;
  const digest = createHash("sha256").update(whole).digest("hex").slice(0, 8);
  return `${whole.slice(0, LONGEST_NAME - end.length - digest.length - 1)}-${digest}${end}`;
};
