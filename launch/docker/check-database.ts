import type Docker from "dockerode";
import { type Job, JobError, type PostgresSource } from "../../spec/index.ts";
import { isRefusal } from "./engine-error.ts";
import type { DockerPlan } from "./target.ts";

type Named = PostgresSource & { readonly container: NonNullable<PostgresSource["container"]> };

/**
 * A restore replaces the database that the plan means, not another one that answers under its name: the named container
 * has the named volume, and on the jobs' network nobody but it is called as the source's host.
 * @throws JobError `missing-container`, `missing-volume`, `cannot-swap`
 */
export const checkDatabases = async (engine: Docker, plan: DockerPlan, job: Job): Promise<void> => {
  if (job.kind !== "restore" || job.action === "state") return;
  for (const source of plan.sources) {
    if (source.kind === "postgres" && source.container) await checkDatabase(engine, plan, source as Named);
  }
};

const checkDatabase = async (engine: Docker, { target }: DockerPlan, { container, host }: Named): Promise<void> => {
  const found = await engine
    .getContainer(container.name)
    .inspect()
    .catch((cause: unknown) => {
      if (!isRefusal(cause, 404)) throw cause;
      const hint = `\`docker ps --all\` shows them; ${UNTOUCHED}`;
      throw new JobError("missing-container", `there is no container '${container.name}' on ${target.host}`, hint);
    });
  if (!found.Mounts.some(({ Name }) => Name === container.volume)) {
    const has = found.Mounts.flatMap(({ Name }) => Name ?? []).join(", ") || "none";
    const fact = `container '${container.name}' has not the volume '${container.volume}' but ${has}`;
    throw new JobError("missing-volume", fact, `another database may have been started under its name; ${UNTOUCHED}`);
  }
  if (target.network.kind === "network") await checkName(engine, target.network.name, container.name, found.Id, host);
  else await checkNamespace(engine, target.network.name, found);
};

const UNTOUCHED = "look which one is meant; nothing was touched";

/** Docker's names are shared: two containers may have one, and each gets some of the connections. */
const checkName = async (engine: Docker, network: string, name: string, id: string, host: string): Promise<void> => {
  const others = await engine.listContainers({ filters: { network: [network] } });
  const named: string[] = [];
  for (const { Id } of others) {
    const { NetworkSettings, Name } = await engine.getContainer(Id).inspect();
    const own = NetworkSettings.Networks[network];
    const names = [Name.replace(/^\//, ""), own?.IPAddress, ...(own?.Aliases ?? [])];
    if (names.includes(host)) named.push(Id);
  }
  if (named.every((each) => each === id)) return;
  const fact = `on network '${network}' another container than '${name}' answers as '${host}'`;
  throw new JobError("cannot-swap", fact, `stop the other one, or correct the plan; ${UNTOUCHED}`);
};

const checkNamespace = async (engine: Docker, network: string, found: Docker.ContainerInspectInfo): Promise<void> => {
  const { Id } = await engine.getContainer(network).inspect();
  if (Id === found.Id || found.HostConfig.NetworkMode === `container:${Id}`) return;
  const fact = `the jobs join container '${network}', where container '${found.Name.replace(/^\//, "")}' does not listen`;
  throw new JobError("cannot-swap", fact, `correct the plan's target; ${UNTOUCHED}`);
};
