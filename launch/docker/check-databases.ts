import type Docker from "dockerode";
import { isRequested, type Job, JobError, type PostgresSource } from "../../spec/index.ts";
import { engineError, isRefusal } from "./engine-error.ts";
import type { DockerPlan } from "./target.ts";

/**
 * Before a restore or a rollback touches anything: the containers that the plan's databases name are those that answer,
 * with the volumes that it names.
 * @throws JobError `wrong-target`, `missing-container`, `engine-unreachable`
 */
export const checkDatabases = async (engine: Docker, plan: DockerPlan, job: Job): Promise<void> => {
  if (job.kind !== "restore" || !(job.action === "prepare" || job.action === "rollback")) return;
  for (const source of plan.sources) {
    if (source.kind !== "postgres" || !source.container || !isRequested(job.request, source)) continue;
    const wrong = mistake(source, plan, await inspect(engine, plan.target.host, source.container.name));
    if (wrong !== undefined) throw new JobError("wrong-target", wrong, HINT);
  }
};

const HINT =
  "start the stack's own database (its compose file, not another one's), or correct the source's `container`; nothing was touched";

const inspect = async (engine: Docker, host: string, name: string): Promise<Docker.ContainerInspectInfo> => {
  try {
    return await engine.getContainer(name).inspect();
  } catch (cause) {
    if (!isRefusal(cause, 404)) throw engineError(host, `container '${name}' could not be looked at`, cause);
    const fact = `there is no container '${name}' on ${host}, which should run the database`;
    throw new JobError("missing-container", fact, HINT, { cause });
  }
};

/** What shows that this container is not the plan's database. */
const mistake = (
  { host, container }: PostgresSource,
  { target, stack }: DockerPlan,
  { State, Mounts, NetworkSettings }: Docker.ContainerInspectInfo,
): string | undefined => {
  if (!container) return undefined;
  const { name, volume } = container;
  if (!State.Running) return `container '${name}' on ${target.host}, the database of stack ${stack}, does not run`;
  const volumes = Mounts.flatMap((mount) => (mount.Type === "volume" && mount.Name ? [mount.Name] : []));
  if (!volumes.includes(volume)) {
    const has = volumes.length === 0 ? "none" : volumes.join(", ");
    return `container '${name}' on ${target.host} is not the database of stack ${stack}: that lies in the volume '${volume}', and this has ${has}`;
  }
  if (target.network.kind === "container") return undefined;
  const joined = NetworkSettings.Networks[target.network.name];
  if (joined && [name, joined.IPAddress, ...(joined.Aliases ?? [])].includes(host)) return undefined;
  return `container '${name}' does not answer as '${host}' in the network '${target.network.name}', so the plan would reach another database`;
};
