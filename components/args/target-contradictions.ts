import type { z } from "zod";
import { fiveFields, parseCron } from "../../spec/index.ts";
import type { Repository } from "../repository.ts";
import type { RunChoice } from "./kubernetes-args.ts";
import type { QuiesceArgs } from "./quiesce-args.ts";
import type { SourceArgs } from "./source-args.ts";
import type { RunnerArgs, TargetChoice } from "./target-args.ts";

/** The parts of a plan that fit one target and not the other. */
interface Parts {
  readonly target: TargetChoice;
  readonly runner?: RunnerArgs | undefined;
  readonly run?: RunChoice | undefined;
  readonly sources: readonly SourceArgs[];
  readonly schedule?: { readonly cron?: string | undefined } | undefined;
  readonly quiesce?: QuiesceArgs | undefined;
  readonly repository: Repository;
}

type Path = readonly (string | number)[];
type Mistakes = Generator<readonly [string, ...Path]>;

const TARGETS = ["local", "docker", "kubernetes"] as const;
type Target = (typeof TARGETS)[number];

/** Says what does not fit the target, each with its path. What is wrong in itself has been said. */
export const targetContradictions = (value: unknown, context: z.RefinementCtx): void => {
  const parts = value as Parts;
  const given = TARGETS.filter((name) => parts.target[name] !== undefined);
  const [target] = given;
  if (target === undefined || given.length > 1) return;
  for (const check of [runner, run, repository, files, containers, hosts, units, probes]) {
    for (const [message, ...path] of check(parts, target)) context.addIssue({ code: "custom", message, path });
  }
};

function* runner({ runner: given }: Parts, target: Target): Mistakes {
  if (target !== "local" && given === undefined) yield [`is missing; target ${target} needs { image }`, "runner"];
  if (target === "local" && given !== undefined)
    yield ["is of no use with target local, where the runner of this package takes backups", "runner"];
  if (target === "docker" && given?.pullSecrets !== undefined)
    yield ["needs target kubernetes; a Docker host logs in by itself", "runner", "pullSecrets"];
}

function* run({ run: given, schedule }: Parts, target: Target): Mistakes {
  if (target !== "kubernetes") {
    if (given !== undefined) yield ["needs target kubernetes", "run"];
    return;
  }
  const cron = schedule?.cron;
  if (given?.sidecar && cron === undefined)
    yield ["is of no use without a schedule, because nothing would ever run in it", "run", "sidecar"];
  if (given?.sidecar || cron === undefined) return;
  const mistake = cronJobMistake(cron);
  if (mistake !== undefined) yield [mistake, "schedule", "cron"];
}

const cronJobMistake = (cron: string): string | undefined => {
  try {
    fiveFields(parseCron(cron));
    return undefined;
  } catch (error) {
    return `${(error as Error).message}, or let { sidecar: {} } run it`;
  }
};

function* repository({ repository: given }: Parts, target: Target): Mistakes {
  if (target === "kubernetes" && !given.bucket)
    yield ["lies in a directory, which a pod does not have; with target kubernetes use a bucket", "repository"];
}

const FILES = { local: ["directory"], docker: ["volume", "hostPath"], kubernetes: ["claim", "secret"] } as const;
const INSTEAD = {
  local: "name a directory",
  docker: "name a volume or a hostPath",
  kubernetes: "name a claim or a secret",
} as const;

function* files({ sources }: Parts, target: Target): Mistakes {
  for (const [index, { files: given }] of sources.entries()) {
    if (!given) continue;
    const at = ["sources", index, "files"] as const;
    const chosen = TARGETS.flatMap((home) => FILES[home].map((key) => ({ home, key }))).filter(
      ({ key }) => given[key] !== undefined,
    );
    const [only] = chosen;
    if (only && chosen.length === 1 && only.home !== target) {
      const why = only.home === "local" ? "is of no use in containers" : `needs target ${only.home}`;
      yield [`${why}; with target ${target} ${INSTEAD[target]}`, ...at, only.key];
    }
    if (given.beside !== undefined && given.claim === undefined)
      yield ["needs a claim, of which it says where it is mounted", ...at, "beside"];
    if (given.secret !== undefined && given.subdirectory !== undefined)
      yield ["is of no use with a secret, which has no directories", ...at, "subdirectory"];
    if (target === "local" && given.subdirectory !== undefined) {
      const why = "needs target docker or kubernetes; with target local name that directory itself";
      yield [why, ...at, "subdirectory"];
    }
  }
}

function* containers({ sources }: Parts, target: Target): Mistakes {
  for (const [index, { postgres }] of sources.entries()) {
    if (target !== "docker" && postgres?.container)
      yield ["needs target docker", "sources", index, "postgres", "container"];
  }
}

/** A server in the sidecar's own pod has a service too, and restores need that. */
const OWN_HOSTS = ["localhost", "127.0.0.1", "::1"];

function* hosts({ sources }: Parts, target: Target): Mistakes {
  if (target !== "kubernetes") return;
  for (const [index, { postgres }] of sources.entries()) {
    if (OWN_HOSTS.some((host) => host === postgres?.host))
      yield ["is the pod of the job itself; name the service of the database", "sources", index, "postgres", "host"];
  }
}

function* units({ quiesce }: Parts, target: Target): Mistakes {
  if (target === "local" && quiesce?.units?.length) yield ["needs target docker or kubernetes", "quiesce", "units"];
  if (target === "local") return;
  for (const [index, unit] of (quiesce?.units ?? []).entries()) {
    const [kind] = Object.entries(unit).find(([, given]) => given !== undefined) ?? [];
    const home = kind === "deployment" || kind === "statefulSet" ? "kubernetes" : "docker";
    if (kind !== undefined && home !== target) yield [`needs target ${home}`, "quiesce", "units", index, kind];
  }
}

function* probes({ quiesce }: Parts, target: Target): Mistakes {
  if (target === "local" && quiesce?.probes?.length) yield ["needs target docker or kubernetes", "quiesce", "probes"];
  if (target === "local") return;
  for (const [index, probe] of (quiesce?.probes ?? []).entries()) {
    const [kind] = Object.entries(probe).find(([, given]) => given !== undefined) ?? [];
    const home = kind === "exec" ? "docker" : "kubernetes";
    if (kind !== undefined && kind !== "http" && home !== target)
      yield [`needs target ${home}`, "quiesce", "probes", index, kind];
  }
}
