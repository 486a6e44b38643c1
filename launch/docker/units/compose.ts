import type Docker from "dockerode";
import { JobError, type QuiescedUnit, type QuiesceUnit } from "../../../spec/index.ts";
import { engineError } from "../engine-error.ts";
import { withLabels } from "../labels.ts";
import { quiescedContainer } from "./container.ts";

type Compose = Extract<QuiesceUnit, { kind: "compose" }>;

/** One container of a compose project. */
export interface Member {
  readonly name: string;
  readonly service: string;
  readonly runs: boolean;
  readonly kept: boolean;
}

const PROJECT = "com.docker.compose.project";
const SERVICE = "com.docker.compose.service";
/** Containers of `compose run`: no part of the application. */
const ONE_OFF = "com.docker.compose.oneoff";

/** The containers of a project, the newest first: compose makes a service after those that it depends on. */
export const membersOf = async (
  engine: Docker,
  host: string,
  { project, keep }: Compose,
): Promise<readonly Member[]> => {
  const filters = withLabels({ [PROJECT]: project });
  const found = await engine.listContainers({ all: true, filters }).catch((cause: unknown) => {
    throw engineError(host, `the compose project '${project}' could not be looked at`, cause);
  });
  return found
    .toSorted((a, b) => b.Created - a.Created)
    .filter(({ Labels }) => Labels[ONE_OFF]?.toLowerCase() !== "true")
    .map(({ Names, Labels, State }) => ({
      name: (Names[0] ?? "").replace(/^\//, ""),
      service: Labels[SERVICE] ?? "",
      runs: State === "running" || State === "restarting" || State === "paused",
      kept: keep.includes(Labels[SERVICE] ?? ""),
    }));
};

/**
 * The containers of a project that run, as they are to be started again.
 * @throws JobError `missing-container`, `bad-config` when it has no service that is to be kept
 */
export const membersRunning = async (engine: Docker, host: string, unit: Compose): Promise<readonly QuiescedUnit[]> => {
  const members = await membersOf(engine, host, unit);
  if (members.length === 0) {
    const hint = "`docker compose ls --all` shows them; correct the plan's quiesce.units; nothing was touched";
    throw new JobError(
      "missing-container",
      `there is no container of a compose project '${unit.project}' on ${host}`,
      hint,
    );
  }
  const unknown = unit.keep.filter((service) => !members.some((member) => member.service === service));
  if (unknown.length > 0) {
    const services = [...new Set(members.map(({ service }) => service))].join(", ");
    const fact = `the compose project '${unit.project}' has no service ${unknown.join(", ")}; it has ${services}`;
    throw new JobError("bad-config", fact, "correct `keep` in the plan's quiesce.units; nothing was touched");
  }
  const running = members.filter(({ runs }) => runs);
  const found = await Promise.all(running.map(({ name }) => quiescedContainer(engine, host, name)));
  return found.filter((one) => one !== undefined);
};
