import { type LaunchWorld, localWorld } from "../../launch/index.ts";
import type { Secrets } from "../find/found.ts";
import { IDENTITY, readIdentity } from "../identity.ts";
import type { Io } from "../io.ts";
import { type ProgressView, progressView } from "../progress-line.ts";

/** Runs a launcher here, with its progress on this terminal. */
export const inLaunchWorld = async <T>(
  io: Io,
  { secrets, identity }: { readonly secrets: Secrets; readonly identity?: string | undefined },
  work: (world: LaunchWorld) => Promise<T>,
): Promise<T> => {
  const view: ProgressView = progressView(io);
  const operatorKey = readIdentity(io, identity);
  const known = operatorKey === undefined ? secrets : { ...secrets, [IDENTITY]: operatorKey };
  const world = localWorld({ secrets: known, report: view.show, signal: io.signal, environment: io.env });
  try {
    return await work({ ...world, runJob: io.runJob });
  } finally {
    view.done();
  }
};
