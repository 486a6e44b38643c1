import { type LaunchWorld, worldOn } from "../../launch/index.ts";
import type { Plan } from "../../spec/index.ts";
import type { Secrets } from "../find/found.ts";
import { IDENTITY, readIdentity } from "../identity.ts";
import type { Io } from "../io.ts";
import { type ProgressView, progressView } from "../progress-line.ts";

/** Runs a launcher of restores onto a plan here, with its progress on this terminal. */
export const inLaunchWorld = async <T>(
  io: Io,
  {
    plan,
    secrets,
    identity,
  }: { readonly plan: Plan; readonly secrets: Secrets; readonly identity?: string | undefined },
  work: (world: LaunchWorld) => Promise<T>,
): Promise<T> => {
  const view: ProgressView = progressView(io);
  const operatorKey = readIdentity(io, identity);
  const known = operatorKey === undefined ? secrets : { ...secrets, [IDENTITY]: operatorKey };
  const { signal, env: environment, onPlaced } = io;
  const world = worldOn(plan, { secrets: known, report: view.show, signal, environment, onPlaced });
  try {
    return await work({ ...world, runJob: io.runnerOn(plan) });
  } finally {
    view.done();
  }
};
