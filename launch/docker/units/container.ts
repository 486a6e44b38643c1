import type Docker from "dockerode";
import { JobError, type QuiescedUnit, type RestartPolicy } from "../../../spec/index.ts";
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

type QuiescedContainer = Extract<QuiescedUnit, { kind: "container" }>;

/** A container that runs, as it is to be started again; undefined when it does not run. */
export const quiescedContainer = async (
  engine: Docker,
  host: string,
  container: string,
): Promise<QuiescedContainer | undefined> => {
  const { State, HostConfig } = await inspectContainer(engine, host, container);
  if (!State.Running) return undefined;
  const restart = restartOf(HostConfig.RestartPolicy);
  return { kind: "container", container, ...(restart ? { restart } : {}) };
};

/** `unless-stopped` is none: what was stopped by hand stays so when the daemon comes up. */
const restartOf = (policy: Docker.HostRestartPolicy | undefined): RestartPolicy | undefined =>
  policy?.Name === "always" || policy?.Name === "on-failure"
    ? { name: policy.Name, retries: policy.MaximumRetryCount ?? 0 }
    : undefined;

/**
 * Takes away the restart policy of what is to be stopped: a daemon that comes up in the middle of a swap would start it.
 * A container that is gone by now has none.
 */
export const holdContainer = async (
  engine: Docker,
  host: string,
  { container, restart }: QuiescedContainer,
): Promise<void> => {
  if (!restart) return;
  try {
    await engine.getContainer(container).update({ RestartPolicy: { Name: "no", MaximumRetryCount: 0 } });
  } catch (cause) {
    if (isRefusal(cause, 404)) return;
    const { fact } = engineError(host, `the restart policy of container '${container}' could not be changed`, cause);
    const hint = "give it the policy `unless-stopped` (`docker update --restart`), and ask with a new id";
    throw new JobError("quiesce-failed", fact, hint, { cause });
  }
};

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

/** Starts a container; one that runs stays as it is. Its restart policy first: from there on the daemon may start it. */
export const startContainer = async (engine: Docker, name: string, restart?: RestartPolicy): Promise<void> => {
  if (restart) {
    const RestartPolicy = { Name: restart.name, MaximumRetryCount: restart.retries };
    await engine.getContainer(name).update({ RestartPolicy });
  }
  await engine
    .getContainer(name)
    .start()
    .catch((error: unknown) => {
      if (!isRefusal(error, 304)) throw error;
    });
};
