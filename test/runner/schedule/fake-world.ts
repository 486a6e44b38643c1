import type { NetworkState } from "../../../runner/schedule/network.ts";
import type { SchedulerWorld } from "../../../runner/schedule/world.ts";
import { type Job, type Plan, plan as planSchema, type Result, type SchedulerState } from "../../../spec/index.ts";

/** What a job does in a fake world: how many seconds it takes, and how it ends. */
export type Behaviour = (
  job: Job,
  at: Date,
  signal: AbortSignal,
) => { readonly seconds?: number; readonly result: Result };

export interface FakeWorld {
  readonly world: SchedulerWorld;
  readonly jobs: readonly { readonly kind: Job["kind"]; readonly began: string; readonly ended: string }[];
  readonly states: readonly SchedulerState[];
  readonly warnings: readonly string[];
  readonly stop: () => void;
}

/**
 * A clock that stands still until somebody waits, and jobs that take the time they are told to. It stops the scheduler
 * at `until`.
 */
export function fakeWorld(
  start: string,
  until: string,
  behave: Behaviour,
  {
    random = () => 0,
    network = () => "joined",
  }: { random?: (below: number) => number; network?: (at: Date) => NetworkState } = {},
): FakeWorld {
  let time = Date.parse(start);
  const stopper = new AbortController();
  const jobs: { kind: Job["kind"]; began: string; ended: string }[] = [];
  const states: SchedulerState[] = [];
  const warnings: string[] = [];
  let sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  let turning = false;
  // One step of time for all who wait, once nobody has anything else to do.
  const turn = () => {
    turning = false;
    const next = Math.min(...sleepers.map(({ at }) => at));
    if (!Number.isFinite(next)) return;
    time = Math.max(time, next);
    if (time >= Date.parse(until)) stopper.abort();
    const due = sleepers.filter(({ at }) => at <= time || stopper.signal.aborted);
    sleepers = sleepers.filter((sleeper) => !due.includes(sleeper));
    for (const { wake } of due) wake();
    if (sleepers.length > 0) schedule();
  };
  const schedule = () => {
    if (turning) return;
    turning = true;
    setImmediate(turn);
  };
  const pass = (milliseconds: number) =>
    new Promise<void>((wake) => {
      sleepers.push({ at: time + milliseconds, wake });
      schedule();
    });
  const now = () => new Date(time);
  const world: SchedulerWorld = {
    now,
    wait: (milliseconds) => (stopper.signal.aborted ? Promise.resolve() : pass(milliseconds)),
    random,
    runJob: async (job, signal) => {
      const began = now().toISOString();
      const { seconds = 0, result } = behave(job, now(), signal);
      const end = time + seconds * 1000;
      while (time < end && !signal.aborted) await pass(Math.min(1000, end - time));
      jobs.push({ kind: job.kind, began, ended: now().toISOString() });
      return signal.aborted ? failing("interrupted") : result;
    },
    report: { step: () => undefined, progress: () => undefined, warning: (text) => void warnings.push(text) },
    signal: stopper.signal,
    save: async (state) => void states.push(state),
    network: () => network(now()),
  };
  return { world, jobs, states, warnings, stop: () => stopper.abort() };
}

const common = { version: 1, started: "2026-11-21T00:00:00.000Z", finished: "2026-11-21T00:00:00.000Z" } as const;

export const failing = (
  code: "database-unreachable" | "bad-credentials" | "interrupted",
  fact = `it is ${code}`,
): Result => ({
  ...common,
  ok: false,
  kind: "backup",
  error: { code, fact, hint: "do something" },
});

/** A check whose newest point is this one. */
export const checked = (newest?: string, healthy = true): Result => ({
  ...common,
  ok: true,
  kind: "check",
  healthy,
  checks: healthy ? [] : [{ name: "flags", ok: false, detail: "it shrank" }],
  ...(newest === undefined ? {} : { newest, ageSeconds: 1 }),
});

/** What a backup says; only the point's id is read. */
export const backedUp = (id: string): Result =>
  ({ ...common, ok: true, kind: "backup", manifest: { id }, removedLeftovers: 0, warnings: [] }) as unknown as Result;

export const copiedWith = (problems: { point: string; fact: string }[]): Result => ({
  ...common,
  ok: true,
  kind: "copy",
  healthy: problems.length === 0,
  copied: [],
  present: 0,
  left: [],
  problems,
  bytes: 0,
});

export const pruned: Result = {
  ...common,
  ok: true,
  kind: "prune",
  frozen: [],
  decisions: [],
  acted: false,
  how: "dry-run",
};

export const scheduledPlan = (cron: string, more: Partial<Plan> = {}, jitterSeconds?: number): Plan => ({
  ...planSchema.parse({
    version: 1,
    project: "backups",
    stack: "aide-prod",
    name: "aide",
    target: {
      kind: "docker",
      host: "unix:///var/run/docker.sock",
      image: "i",
      network: { kind: "container", name: "app" },
      ledger: "l",
    },
    sources: [{ kind: "files", name: "files", directory: "/sources/files", mount: { kind: "volume", name: "v" } }],
    repository: { environment: "prod", location: { kind: "directory", path: "/backups" } },
    recipients: [`age1${"q".repeat(58)}`],
    schedule: { kind: "cron", cron, timeZone: "UTC", ...(jitterSeconds === undefined ? {} : { jitterSeconds }) },
  }),
  ...more,
});
