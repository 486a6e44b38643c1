import type { Job } from "../../spec/index.ts";
import { type JobMount, jobMounts } from "../job-mounts.ts";
import type { DockerPlan } from "./target.ts";

/** One mount of a container, as the engine takes it. */
export interface ContainerMount {
  readonly Type: "volume" | "bind";
  readonly Source: string;
  readonly Target: string;
  readonly ReadOnly: boolean;
}

/** What the container of a job sees of its host. */
export const containerMounts = ({ target }: DockerPlan, job: Job): readonly ContainerMount[] =>
  jobMounts(job).map((mount) => ({ ...placeOf(mount, target.ledger), Target: mount.at, ReadOnly: mount.readOnly }));

/** A path of the host is the same in the container. */
const placeOf = ({ from, at }: JobMount, ledger: string): Pick<ContainerMount, "Type" | "Source"> => {
  switch (from.kind) {
    case "ledger":
      return { Type: "volume", Source: ledger };
    case "bind":
      return { Type: "bind", Source: from.path };
    case "host":
      return { Type: "bind", Source: at };
    case "claim":
    case "secret":
    case "new":
    case "volume":
      return { Type: "volume", Source: from.name };
  }
};
