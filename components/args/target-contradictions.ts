import type { z } from "zod";
import type { QuiesceArgs } from "./quiesce-args.ts";
import type { SourceArgs } from "./source-args.ts";
import type { RunnerArgs, TargetChoice } from "./target-args.ts";

/** The parts of a plan that fit one target and not the other. */
interface Parts {
  readonly target: TargetChoice;
  readonly runner?: RunnerArgs | undefined;
  readonly sources: readonly SourceArgs[];
  readonly quiesce?: QuiesceArgs | undefined;
}

type Path = readonly (string | number)[];

const FILES = { docker: ["directory"], local: ["volume", "hostPath"] } as const;
const WHY = {
  directory: "is of no use in containers; with target docker name a volume or a hostPath",
  volume: "needs target docker; with target local name a directory",
  hostPath: "needs target docker; with target local name a directory",
} as const;

/** Says what does not fit the target, each with its path. What is wrong in itself has been said. */
export const targetContradictions = (value: unknown, context: z.RefinementCtx): void => {
  const parts = value as Parts;
  const { docker, local } = parts.target as { readonly docker?: unknown; readonly local?: unknown };
  if ((docker === undefined) === (local === undefined)) return;
  const target = docker === undefined ? "local" : "docker";
  for (const [message, ...path] of [
    ...runner(parts, target),
    ...files(parts, target),
    ...containers(parts, target),
    ...quiesce(parts, target),
  ]) {
    context.addIssue({ code: "custom", message, path });
  }
};

type Target = keyof typeof FILES;

function* runner({ runner: given }: Parts, target: Target): Generator<readonly [string, ...Path]> {
  if (target === "docker" && given === undefined) yield ["is missing; target docker needs { image }", "runner"];
  if (target === "local" && given !== undefined)
    yield ["is of no use with target local, where the runner of this package takes backups", "runner"];
}

function* files({ sources }: Parts, target: Target): Generator<readonly [string, ...Path]> {
  for (const [index, { files: given }] of sources.entries()) {
    const chosen = (["directory", "volume", "hostPath"] as const).filter((key) => given?.[key] !== undefined);
    const [wrong] = FILES[target].filter((key) => chosen.length === 1 && chosen[0] === key);
    if (wrong) yield [WHY[wrong], "sources", index, "files", wrong];
    if (target === "local" && given?.subdirectory !== undefined)
      yield [
        "needs target docker; with target local name that directory itself",
        "sources",
        index,
        "files",
        "subdirectory",
      ];
  }
}

function* containers({ sources }: Parts, target: Target): Generator<readonly [string, ...Path]> {
  for (const [index, { postgres }] of sources.entries()) {
    if (target === "local" && postgres?.container)
      yield ["needs target docker", "sources", index, "postgres", "container"];
  }
}

function* quiesce({ quiesce: given }: Parts, target: Target): Generator<readonly [string, ...Path]> {
  for (const key of ["units", "probes"] as const) {
    if (target === "local" && given?.[key]?.length) yield ["needs target docker", "quiesce", key];
  }
}
