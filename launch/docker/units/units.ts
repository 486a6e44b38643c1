import { setTimeout as pause } from "node:timers/promises";
import type Docker from "dockerode";
import {
  type DockerUnit,
  JobError,
  type QuiescedDockerUnit,
  type QuiescedUnit,
  type QuiesceUnit,
  unitText,
} from "../../../spec/index.ts";
import { probeHttp } from "../../probe-http.ts";
import { probeText, quiescedText, type Units } from "../../restore/units.ts";
import type { ProgramEnd, RunProgram } from "../../run-program.ts";
import { isConnectionError, isRefusal, refusalText } from "../engine-error.ts";
import { membersOf, membersRunning } from "./compose.ts";
import {
  holdContainer,
  inspectContainer,
  isRunning,
  quiescedContainer,
  startContainer,
  stopContainer,
} from "./container.ts";
import { execInside } from "./exec.ts";

/** Milliseconds between two looks at something that is waited for. */
const LOOK_EVERY = 500;

interface Place {
  readonly engine: Docker;
  readonly host: string;
  /** Runs a program of the Docker host. */
  readonly program: RunProgram;
}

/** Units of the host of one engine. */
export const dockerUnits = (place: Place): Units => ({
  running: (unit, seconds) => running(place, onHost(unit), seconds),
  stop: (unit, stopped, seconds) => stop(place, onHost(unit), stopped, seconds),
  back: (unit, stopped, seconds) => back(place, onHost(unit), stopped, seconds),
  start: async (unit, seconds) =>
    unit.kind === "workload" || unit.kind === "claim"
      ? { ok: false, text: `${quiescedText(unit)} is no part of a Docker host` }
      : start(place, unit, seconds),
  probe: async (probe, seconds) => {
    switch (probe.kind) {
      case "http":
        return probeHttp(probe.url, seconds);
      case "exec":
        return execInside(place.engine, probe, seconds);
      case "pod":
        return { ok: false, text: `${probeText(probe)} is no part of a Docker host` };
    }
  },
});

const onHost = (unit: QuiesceUnit): DockerUnit => {
  if (unit.kind !== "workload") return unit;
  throw new JobError(
    "bad-config",
    `${unitText(unit)} is a part of a cluster, and the plan's target is a Docker host`,
    "correct the plan's quiesce.units; nothing was touched",
  );
};

const running = async (place: Place, unit: DockerUnit, seconds: number): Promise<readonly QuiescedUnit[]> => {
  const { engine, host } = place;
  switch (unit.kind) {
    case "container": {
      const running = await quiescedContainer(engine, host, unit.container);
      return running ? [running] : [];
    }
    case "compose":
      return membersRunning(engine, host, unit);
    case "exec": {
      if (!(await isRunning(engine, host, unit.container))) return [];
      const { container, start: argv, user } = unit;
      if (unit.stopped && (await execInside(engine, { ...unit, argv: unit.stopped }, seconds)).ok) return [];
      return [{ kind: "exec", container, start: argv, ...(user === undefined ? {} : { user }) }];
    }
    case "host":
      return [{ kind: "host", start: unit.start }];
  }
};

const stop = async (
  place: Place,
  unit: DockerUnit,
  stopped: readonly QuiescedUnit[],
  seconds: number,
): Promise<void> => {
  const { engine, host } = place;
  const containers = stopped.filter((one) => one.kind === "container");
  switch (unit.kind) {
    case "container":
      for (const one of containers) await holdContainer(engine, host, one);
      if (stopped.length > 0) await stopContainer(engine, host, unit.container, seconds);
      return;
    case "compose":
      return stopCompose(place, unit, containers, seconds);
    case "exec":
      if (stopped.length > 0) await stopInside(place, unit, seconds);
      return;
    case "host":
      return succeeded(unit, await place.program(unit.stop, seconds));
  }
};

const succeeded = (unit: DockerUnit, { ok, text }: ProgramEnd): void => {
  if (ok) return;
  throw new JobError(
    "quiesce-failed",
    text,
    `correct the plan's quiesce.units (${unitText(unit)}), and ask with a new id`,
  );
};

/** A supervisor that was stopped before may have taken the services along that have to run: they are started again. */
const stopCompose = async (
  { engine, host }: Place,
  unit: Extract<QuiesceUnit, { kind: "compose" }>,
  stopped: readonly Extract<QuiescedUnit, { kind: "container" }>[],
  seconds: number,
): Promise<void> => {
  const members = await membersOf(engine, host, unit);
  const kept = new Set(members.flatMap(({ name, kept }) => (kept ? [name] : [])));
  const ours = new Set(members.map(({ name }) => name));
  // Also of what a supervisor has stopped already.
  for (const one of stopped)
    if (ours.has(one.container) && !kept.has(one.container)) await holdContainer(engine, host, one);
  for (const { name } of members.filter(({ runs, kept }) => runs && !kept))
    await stopContainer(engine, host, name, seconds);
  for (const { name } of members.filter(({ kept }) => kept).toReversed()) {
    await startContainer(engine, name);
    await untilReady(engine, host, name, seconds);
  }
};

const untilReady = async (engine: Docker, host: string, name: string, seconds: number): Promise<void> => {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const found = await inspectContainer(engine, host, name);
    if (await isReady(engine, found)) return;
    if (performance.now() >= deadline) {
      const fact = `container ${name}, which has to run for the restore, is not ready after ${seconds} s`;
      throw new JobError("quiesce-failed", fact, "look at its log, and ask with a new id");
    }
    await pause(LOOK_EVERY);
  }
};

/** By its health check; a PostgreSQL server without one says itself whether it accepts connections. */
const isReady = async (engine: Docker, { Id, State, Config }: Docker.ContainerInspectInfo): Promise<boolean> => {
  if (!State.Running) return false;
  if (State.Health !== undefined) return State.Health.Status === "healthy";
  const port = Object.keys(Config.ExposedPorts ?? {}).find((each) => each.endsWith("/tcp")) ?? "5432/tcp";
  const argv = ["pg_isready", "--host", "127.0.0.1", "--port", port.replace("/tcp", "")];
  const { ok, text } = await execInside(engine, { container: Id, argv }, 10);
  return ok || !/ended with exit code [12]\b/.test(text);
};

const stopInside = async (
  { engine }: Place,
  unit: Extract<QuiesceUnit, { kind: "exec" }>,
  seconds: number,
): Promise<void> => {
  const deadline = performance.now() + seconds * 1000;
  succeeded(unit, await execInside(engine, { ...unit, argv: unit.stop }, seconds));
  if (!unit.stopped) return;
  for (;;) {
    const left = Math.max(1, (deadline - performance.now()) / 1000);
    const end = await execInside(engine, { ...unit, argv: unit.stopped }, left);
    if (end.ok) return;
    if (performance.now() >= deadline) {
      const fact = `${unitText(unit)} succeeded, but after ${seconds} s it has not stopped: ${end.text}`;
      throw new JobError("quiesce-failed", fact, "stop it by hand to see why, and ask with a new id");
    }
    await pause(LOOK_EVERY);
  }
};

const back = async (
  { engine, host }: Place,
  unit: DockerUnit,
  stopped: readonly QuiescedUnit[],
  seconds: number,
): Promise<readonly string[]> => {
  switch (unit.kind) {
    case "container":
      return (await isRunning(engine, host, unit.container)) ? [quiescedText({ ...unit })] : [];
    case "compose":
      // Also what has come to be since: a supervisor makes containers as well as it starts them.
      return (await membersOf(engine, host, unit)).flatMap(({ name, runs, kept }) =>
        runs && !kept ? [`container ${name}`] : [],
      );
    case "exec": {
      if (stopped.length === 0 || !unit.stopped) return [];
      if (!(await isRunning(engine, host, unit.container))) return [];
      const end = await execInside(engine, { ...unit, argv: unit.stopped }, seconds);
      return end.ok ? [] : [`what ${unit.stop.join(" ")} stopped in container ${unit.container}`];
    }
    case "host":
      return [];
  }
};

/** Tries again while the engine is away or a container restarts, and no longer than it may take. */
const start = async (place: Place, unit: QuiescedDockerUnit, seconds: number): Promise<ProgramEnd> => {
  if (unit.kind === "host") return place.program(unit.start, seconds);
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const left = (deadline - performance.now()) / 1000;
    try {
      return await startOnce(place.engine, unit, Math.max(1, left));
    } catch (error) {
      const reason = isRefusal(error) ? refusalText(error) : error instanceof Error ? error.message : String(error);
      const text = `${quiescedText(unit)} was not started: ${reason}`;
      if (left <= 0 || !(isConnectionError(error) || error === RESTARTS)) return { ok: false, text };
      await pause(LOOK_EVERY);
    }
  }
};

const RESTARTS = new Error("the container does not run");

const startOnce = async (
  engine: Docker,
  unit: Exclude<QuiescedDockerUnit, { kind: "host" }>,
  seconds: number,
): Promise<ProgramEnd> => {
  if (unit.kind === "container") {
    await startContainer(engine, unit.container, unit.restart);
    return { ok: true, text: `${quiescedText(unit)} was started` };
  }
  const { State } = await engine.getContainer(unit.container).inspect();
  if (!State.Running) throw RESTARTS;
  return execInside(engine, { ...unit, argv: unit.start }, seconds);
};
