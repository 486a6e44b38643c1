import { JobError, type QuiescedUnit, type QuiesceUnit, unitText, type WorkloadUnit } from "../../../spec/index.ts";
import { probeHttp } from "../../probe-http.ts";
import { probeText, quiescedText, type Units } from "../../restore/units.ts";
import type { ProgramEnd } from "../../run-program.ts";
import type { KubernetesPlan } from "../target.ts";
import { recreateClaim, startClaim } from "./claim.ts";
import { findClaims } from "./find-claims.ts";
import { probePod } from "./probe-pod.ts";
import { type Connect, runningWorkload, startWorkload, stopWorkload, workloadBack } from "./scaling.ts";

/** Deployments and StatefulSets of a plan's namespace, stopped by scaling them to none, and claims that are made anew. */
export const kubernetesUnits = (connect: Connect, plan: KubernetesPlan): Units => {
  const by = `${plan.project}/${plan.stack}/${plan.name}`;
  return {
    running: async (unit) => runningWorkload(await connect(), workload(unit)),
    stop: async (unit, stopped, seconds) => {
      if (stopped.length > 0) await stopWorkload(await connect(), workload(unit), by, seconds);
    },
    back: async (unit) => workloadBack(await connect(), workload(unit)),
    start: (unit, seconds) => start(connect, unit, seconds),
    probe: async (probe, seconds) => {
      switch (probe.kind) {
        case "http":
          return probeHttp(probe.url, seconds);
        case "pod":
          return probePod(connect, probe, seconds);
        case "exec":
          return { ok: false, text: `${probeText(probe)} is no part of a cluster` };
      }
    },
    claims: {
      find: async (request) => findClaims(await connect(), plan, request),
      recreate: (claim, seconds) => recreateClaim(connect, claim, by, seconds),
    },
  };
};

const workload = (unit: QuiesceUnit): WorkloadUnit => {
  if (unit.kind === "workload") return unit;
  throw new JobError(
    "bad-config",
    `${unitText(unit)} is a part of a Docker host, and the plan's target is a cluster`,
    "correct the plan's quiesce.units; nothing was touched",
  );
};

const start = async (connect: Connect, unit: QuiescedUnit, seconds: number): Promise<ProgramEnd> => {
  switch (unit.kind) {
    case "workload":
      return startWorkload(connect, unit, seconds);
    case "claim":
      return startClaim(connect, unit, seconds);
    default:
      return { ok: false, text: `${quiescedText(unit)} is no part of a cluster` };
  }
};
