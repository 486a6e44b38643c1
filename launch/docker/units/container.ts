import type Docker from "dockerode";
import { JobError } from "../../../spec/index.ts";
import { engineError, isRefusal } from "../engine-error.ts";

export const inspectContainer = async (
  engine: Docker,
  host: string,
  name: string,
): Promise<Docker.ContainerInspectInfo> => {
  try {
    return await engine.getContainer(name).inspect();
  } catch (cause) {
    if (!isRefusal(cause, 404)) throw engineError(host, `container '${name}' could not be looked at`, cause);
    const hint = "`docker ps --all` shows them; correct the plan's quiesce.units; nothing was touched";
    throw new JobError("missing-container", `there is no container '${name}' on ${host}`, hint, { cause });
  }
};

export const isRunning = async (engine: Docker, host: string, name: string): Promise<boolean> =>
  (await inspectContainer(engine, host, name)).State.Running;

/** Docker itself kills what has not ended in time; a stop by hand also ends what its restart policy would do. */
export const stopContainer = async (engine: Docker, host: string, name: string, seconds: number): Promise<void> => {
  try {
    await engine.getContainer(name).stop({ t: Math.ceil(seconds) });
  } catch (cause) {
    // Not modified: it had stopped by itself.
    if (isRefusal(cause, 304)) return;
    const { fact } = engineError(host, `container '${name}' could not be stopped`, cause);
    throw new JobError("quiesce-failed", fact, "stop it by hand to see why, and ask with a new id", { cause });
  }
};

/** Starts a container; one that runs stays as it is. */
export const startContainer = async (engine: Docker, name: string): Promise<void> => {
  await engine
    .getContainer(name)
    .start()
    .catch((error: unknown) => {
      if (!isRefusal(error, 304)) throw error;
    });
};
