import type Docker from "dockerode";
import type { QuiesceUnit } from "../../../spec/index.ts";
import { engineError } from "../engine-error.ts";
import { withLabels } from "../labels.ts";

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
