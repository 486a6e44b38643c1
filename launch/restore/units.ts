import {
  type Probe,
  type QuiescedClaim,
  type QuiescedUnit,
  type QuiesceUnit,
  quiescedUnit,
  type Request,
} from "../../spec/index.ts";
import type { ProgramEnd } from "../run-program.ts";

/** Stops and starts units of a Docker host or of a namespace. Each act has a time limit of its own, in seconds. */
export interface Units {
  /**
   * What of a unit runs now: what a restore will stop, and start again.
   * @throws JobError `missing-container` when the host has no such container, `engine-unreachable`
   */
  readonly running: (unit: QuiesceUnit, seconds: number) => Promise<readonly QuiescedUnit[]>;
  /** Stops what runs of a unit. @throws JobError `quiesce-failed` */
  readonly stop: (unit: QuiesceUnit, running: readonly QuiescedUnit[], seconds: number) => Promise<void>;
  /** What of a unit that was stopped runs again, in words; nothing when it is as it should be. */
  readonly back: (unit: QuiesceUnit, stopped: readonly QuiescedUnit[], seconds: number) => Promise<readonly string[]>;
  /** Starts one thing again; what runs already stays as it is. Never rejects. */
  readonly start: (stopped: QuiescedUnit, seconds: number) => Promise<ProgramEnd>;
  /** Asks once whether the application answers. Never rejects. */
  readonly probe: (probe: Probe, seconds: number) => Promise<ProgramEnd>;
  /** Absent where volumes cannot be made anew. */
  readonly claims?: Claims;
}

/** Deletes volumes of databases and makes them again, empty. */
export interface Claims {
  /**
   * What a request deletes, as it is now. Touches nothing.
   * @throws JobError `missing-volume`, `cannot-swap`, `wrong-target` where something would be lost or not come back
   */
  readonly find: (request: Request) => Promise<readonly QuiescedClaim[]>;
  /**
   * Deletes one and makes it again, and waits until its pod is ready; goes on where somebody was killed in it.
   * @throws JobError `restore-failed`, `engine-unreachable`, `too-few-rights`
   */
  readonly recreate: (claim: QuiescedClaim, seconds: number) => Promise<void>;
}

export const quiescedText = (unit: QuiescedUnit): string => {
  switch (unit.kind) {
    case "container":
      return `container ${unit.container}`;
    case "exec":
      return `${unit.start.join(" ")} in container ${unit.container}`;
    case "host":
      return `${unit.start.join(" ")} on the host`;
    case "workload":
      return `${unit.resource} ${unit.name}`;
    case "claim":
      return `${quiescedText(unit.workload)} on its claim ${unit.name}`;
  }
};

export const probeText = (probe: Probe): string => {
  switch (probe.kind) {
    case "http":
      return probe.url;
    case "exec":
      return `${probe.argv.join(" ")} in container ${probe.container}`;
    case "pod":
      return `${probe.argv.join(" ")} in ${probe.resource} ${probe.name}`;
  }
};

/** The journal's words for what was stopped. */
export const toJournal = (units: readonly QuiescedUnit[]): readonly string[] =>
  units.map((unit) => JSON.stringify(unit));

export const fromJournal = (words: readonly string[]): readonly QuiescedUnit[] =>
  words.map((text) => quiescedUnit.parse(JSON.parse(text)));
