import type { ProbeChoice, QuiesceArgs, QuiesceUnitChoice } from "../args/quiesce-args.ts";

/** What stops and starts the application, as the contract has it, Outputs still in it. */
export const quiesceSpec = ({ units, probes, ...plain }: QuiesceArgs): object => ({
  ...plain,
  ...(units === undefined ? {} : { units: units.map(unitSpec) }),
  ...(probes === undefined ? {} : { probes: probes.map(probeSpec) }),
});

const unitSpec = (unit: QuiesceUnitChoice): object => {
  if (unit.container !== undefined) return { kind: "container", container: unit.container };
  if (unit.deployment !== undefined) return { kind: "workload", resource: "Deployment", name: unit.deployment };
  if (unit.statefulSet !== undefined) return { kind: "workload", resource: "StatefulSet", name: unit.statefulSet };
  if (unit.compose) return { kind: "compose", ...unit.compose };
  return unit.exec ? { kind: "exec", ...unit.exec } : { kind: "host", ...unit.host };
};

const probeSpec = (probe: ProbeChoice): object => {
  if (probe.deployment) return { kind: "pod", resource: "Deployment", ...probe.deployment };
  if (probe.statefulSet) return { kind: "pod", resource: "StatefulSet", ...probe.statefulSet };
  return probe.exec ? { kind: "exec", ...probe.exec } : { kind: "http", url: probe.http };
};
