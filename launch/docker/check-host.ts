import type Docker from "dockerode";
import { type Job, JobError, planLabels } from "../../spec/index.ts";
import { checkDatabases } from "./check-databases.ts";
import { containerMounts } from "./container-mounts.ts";
import { engineError, isRefusal } from "./engine-error.ts";
import type { DockerPlan } from "./target.ts";

/**
 * Looks whether the host has what a job needs, before anything is made there.
 * @throws JobError `engine-unreachable`, `missing-image`, `missing-network`, `missing-container`, `missing-volume`,
 * `wrong-target`
 */
export const checkHost = async (engine: Docker, plan: DockerPlan, job: Job): Promise<void> => {
  const { host, image, network } = plan.target;
  const look = lookOn(host);
  await look(() => engine.getImage(image).inspect(), "missing-image", `there is no image '${image}'`, IMAGE_HINT);
  if (network.kind === "network") {
    await look(
      () => engine.getNetwork(network.name).inspect(),
      "missing-network",
      `there is no network '${network.name}'`,
      `\`docker network ls\` shows them; ${PLAN_HINT}`,
    );
  } else {
    const fact = `there is no container '${network.name}'`;
    const found = await look(
      () => engine.getContainer(network.name).inspect(),
      "missing-container",
      fact,
      `\`docker ps\` shows them; ${PLAN_HINT}`,
    );
    if (!found.State.Running) {
      const hint = "start it: its network is the only way to what listens in it; nothing was touched";
      throw new JobError("missing-container", `the container '${network.name}' does not run on ${host}`, hint);
    }
  }
  await checkDatabases(engine, plan, job);
  for (const name of neededVolumes(plan, job)) {
    const hint = `\`docker volume ls\` shows them; ${PLAN_HINT}`;
    await look(() => engine.getVolume(name).inspect(), "missing-volume", `there is no volume '${name}'`, hint);
  }
};

const PLAN_HINT = "correct the plan's target or its sources; nothing was touched";
const IMAGE_HINT =
  "build it there or pull it (`docker pull`), as the plan's runner.image names it; nothing was touched";

const lookOn =
  (host: string) =>
  async <T>(
    ask: () => Promise<T>,
    code: "missing-image" | "missing-network" | "missing-container" | "missing-volume",
    fact: string,
    hint: string,
  ): Promise<T> => {
    try {
      return await ask();
    } catch (cause) {
      if (isRefusal(cause, 404)) throw new JobError(code, `${fact} on ${host}`, hint, { cause });
      throw engineError(host, "the host could not be looked at", cause);
    }
  };

/** Volumes that hold data. Those that a job may make are not among them: Docker would make any other one in silence. */
const neededVolumes = (plan: DockerPlan, job: Job): readonly string[] => {
  const mine = madeVolumes(plan, job);
  return containerMounts(plan, job).flatMap(({ Type, Source }) =>
    Type === "volume" && !mine.includes(Source) ? [Source] : [],
  );
};

/** The ledger, and the new volume of a restore. */
const madeVolumes = ({ target }: DockerPlan, job: Job): readonly string[] => [
  target.ledger,
  ...(job.kind === "restore" && job.request.into.volume !== undefined ? [job.request.into.volume] : []),
];

/** Makes the volumes that a job may make, where they are missing; answers which it made. */
export const makeVolumes = async (engine: Docker, plan: DockerPlan, job: Job): Promise<readonly string[]> => {
  const mounted = containerMounts(plan, job).map(({ Source }) => Source);
  const made: string[] = [];
  for (const name of madeVolumes(plan, job).filter((each) => mounted.includes(each))) {
    const isThere = await engine
      .getVolume(name)
      .inspect()
      .then(
        () => true,
        (error: unknown) => {
          if (isRefusal(error, 404)) return false;
          throw error;
        },
      );
    if (isThere) continue;
    await engine.createVolume({ Name: name, Labels: planLabels(plan) });
    made.push(name);
  }
  return made;
};
