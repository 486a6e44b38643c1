import type { Plan, QuiesceUnit } from "../../spec/index.ts";

/** What a restore stops, for one sentence; undefined where nothing is stopped. */
export const stopped = ({ quiesce }: Plan): string | undefined => {
  const all = [...(quiesce?.stop.map((argv) => argv.join(" ")) ?? []), ...(quiesce?.units.map(unit) ?? [])];
  return all.length === 0 ? undefined : all.join("; ");
};

const unit = (value: QuiesceUnit): string => {
  switch (value.kind) {
    case "container":
      return `container ${value.container}`;
    case "compose":
      return `compose project ${value.project}${value.keep.length > 0 ? ` without ${value.keep.join(", ")}` : ""}`;
    case "exec":
      return `in container ${value.container}: ${value.stop.join(" ")}`;
    case "host":
      return `on the host: ${value.stop.join(" ")}`;
    case "workload":
      return `${value.resource} ${value.name}`;
  }
};
